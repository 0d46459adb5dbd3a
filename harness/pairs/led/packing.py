"""Mosaics as four half-size planes (red, first green, blue, second green), and back; exposure; flips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.older_python import strict_zip

Array = NDArray[Any]
Floats = NDArray[Any]

# Which plane each site of the 2x2 cell belongs to; the green beside red is the first.
PATTERNS = {
    "RGGB": ((0, 1), (3, 2)),
    "BGGR": ((2, 3), (1, 0)),
    "GRBG": ((1, 0), (2, 3)),
    "GBRG": ((3, 2), (0, 1)),
}


def cell(pattern: str | Sequence[Sequence[int]]) -> tuple[tuple[int, int], ...]:
    """The row and column in the 2x2 cell of each plane, for a name or for a camera's own table."""
    table = PATTERNS.get(pattern) if isinstance(pattern, str) else pattern
    if table is None:
        raise BadInput(f"no Bayer order is called {pattern!r}; there are {', '.join(PATTERNS)}")
    places = {int(table[row][column]): (row, column) for row in (0, 1) for column in (0, 1)}
    if sorted(places) != [0, 1, 2, 3]:
        raise BadInput(f"the Bayer cell {[list(row) for row in table]} does not name planes 0 to 3 once each")
    return tuple(places[plane] for plane in range(4))


def pack(mosaic: Array, pattern: str | Sequence[Sequence[int]] = "RGGB") -> Array:
    """A mosaic as planes x half height x half width; an odd last row or column is dropped."""
    height, width = (side - side % 2 for side in mosaic.shape)
    even = mosaic[:height, :width]
    return np.stack([even[row::2, column::2] for row, column in cell(pattern)])


def unpack(planes: Array, pattern: str | Sequence[Sequence[int]] = "RGGB") -> Array:
    """The mosaic of four planes."""
    _, height, width = planes.shape
    mosaic = np.empty((2 * height, 2 * width), planes.dtype)
    for plane, (row, column) in strict_zip(planes, cell(pattern)):
        mosaic[row::2, column::2] = plane
    return mosaic


def pixel_unshuffle(image: Array, factor: int) -> Array:
    """... x C x H x W as ... x C r r x H/r x W/r: channel c r r + i r + j is the site (i, j) of its cell."""
    *outer, channels, height, width = image.shape
    if height % factor or width % factor:
        raise BadInput(f"sides {height}x{width} are not multiples of {factor}")
    cells = image.reshape(*outer, channels, height // factor, factor, width // factor, factor)
    axes = np.moveaxis(cells, (-3, -1), (-4, -3))
    return axes.reshape(*outer, channels * factor * factor, height // factor, width // factor)


def normalize(planes: Array, black: Array, white: Array) -> NDArray[np.float32]:
    """Levels between black and white as 0 to 1, each plane by its own."""
    low, high = (np.asarray(level, np.float32).reshape(-1, 1, 1) for level in (black, white))
    return np.asarray((planes.astype(np.float32) - low) / (high - low), np.float32)


def denormalize(planes: Array, black: Array, white: Array) -> NDArray[np.uint16]:
    """Back to the camera's whole numbers, cut off as published."""
    low, high = (np.asarray(level, np.float32).reshape(-1, 1, 1) for level in (black, white))
    return np.clip(planes * (high - low) + low, 0, 65535).astype(np.uint16)


def expose(planes: Floats, ratio: float, zero_clip: bool = False) -> NDArray[np.float32]:
    """Brighten a dark image, cut at 1; noise below 0 stays unless `zero_clip`."""
    bright = planes * np.float32(ratio)
    return np.clip(bright, 0 if zero_clip else None, 1).astype(np.float32)


def crop(planes: Array, size: int, start: tuple[int, int] | None = None) -> Array:
    """A square of packed pixels, from the middle unless a start is given."""
    sides = planes.shape[-2:]
    top, left = start if start is not None else ((side - size) // 2 for side in sides)
    if min(top, left) < 0 or top + size > sides[0] or left + size > sides[1]:
        raise BadInput(f"a crop of {size} at {(top, left)} does not fit into {sides[0]}x{sides[1]}")
    return planes[..., top : top + size, left : left + size]


def flip(planes: Array, horizontal: bool = False, vertical: bool = False, transpose: bool = False) -> Array:
    """Mirror columns, then rows, then swap the two: colours stay in their planes."""
    if horizontal:
        planes = planes[..., ::-1]
    if vertical:
        planes = planes[..., ::-1, :]
    return planes.swapaxes(-1, -2) if transpose else planes


def flip_mosaic(mosaic: Array, horizontal: bool = False, vertical: bool = False) -> Array:
    """Mirror a mosaic and keep its Bayer order: the edge that would shift it is cut off on both sides."""
    if horizontal:
        mosaic = mosaic[..., :, ::-1][..., :, 1:-1]
    if vertical:
        mosaic = mosaic[..., ::-1, :][..., 1:-1, :]
    return mosaic
