"""What a pair draws of one sample, and the marks that several pairs draw with. Pillow alone, no framework."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""Height, width, and red, green and blue in 8 bits."""

HIT, MISS, FALSE = (40, 200, 80), (230, 50, 50), (60, 120, 255)
_SHARE = 0.6  # of a mark's colour, over the picture
_GOLDEN = 0.618034  # of the circle of colours, from one class to the next


@dataclass(frozen=True)
class Drawn:
    """One sample as pictures: what the network is given, what is wanted, what a side made of it.

    `values` is the plane of numbers that two sides are compared by; None where pixels are.
    """

    given: Pixels
    wanted: Pixels
    output: Pixels
    values: NDArray[Any] | None = None


@dataclass(frozen=True)
class Box:
    """A box by its corners x1, y1, x2, y2, with a class and, where it was found, a score."""

    corners: tuple[float, float, float, float]
    kind: int
    score: float | None = None


def gray(plane: NDArray[Any], low: float = 0.0, high: float = 1.0) -> Pixels:
    """A plane of numbers as gray levels from `low` to `high`; what is not finite is black."""
    scaled = (np.nan_to_num(plane.astype(np.float64), nan=low) - low) / ((high - low) or 1.0)
    levels = np.rint(np.clip(scaled, 0, 1) * 255).astype(np.uint8)
    return np.repeat(levels[..., None], 3, axis=2)


def colours(planes: NDArray[Any]) -> Pixels:
    """Red, green and blue planes with values from 0 to 1."""
    found: Pixels = np.rint(np.clip(np.nan_to_num(planes), 0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
    return found


def marked(picture: Pixels, where: NDArray[np.bool_], colour: tuple[int, int, int]) -> Pixels:
    """The picture with some pixels in a colour."""
    found = picture.astype(np.float64)
    found[where] = (1 - _SHARE) * found[where] + _SHARE * np.array(colour)
    return np.rint(found).astype(np.uint8)


def judged_mask(picture: Pixels, found: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> Pixels:
    """The picture with hits green, misses red and false alarms blue."""
    hits = marked(picture, found & wanted, HIT)
    return marked(marked(hits, wanted & ~found, MISS), found & ~wanted, FALSE)


def boxed(picture: Pixels, boxes: Iterable[Box]) -> Pixels:
    """The picture with boxes, each with its class and score."""
    from PIL import Image, ImageDraw

    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    for box in boxes:
        if not np.isfinite(box.corners).all():
            continue
        x1, y1, x2, y2 = box.corners
        colour = _colour(box.kind)
        draw.rectangle((min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)), outline=colour)
        said = str(box.kind) if box.score is None else f"{box.kind} {box.score:.2f}"
        draw.text((min(x1, x2) + 1, min(y1, y2)), said, fill=colour)
    return np.asarray(image)


def _colour(kind: int) -> tuple[int, int, int]:
    import colorsys

    red, green, blue = colorsys.hsv_to_rgb(kind * _GOLDEN % 1, 0.8, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)
