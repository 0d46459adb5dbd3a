"""The pipeline of unprocessing, there and back: gains, demosaicing, colour matrix, gamma, tone curve."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harness.older_python import strict_zip
from harness.pairs.led.isp import FLOOR, GAMMA, apply_matrix, gamma

Floats = NDArray[Any]
Order = Literal["rgbg", "rggb"]

PLANES = {"rgbg": (0, 1, 2, 3), "rggb": (0, 1, 3, 2)}  # of red, green, blue, the other green
XYZ_TO_CAMERA = np.array(
    [
        [[1.0234, -0.2969, -0.2266], [-0.5625, 1.6328, -0.0469], [-0.0703, 0.2188, 0.6406]],
        [[0.4913, -0.0541, -0.0202], [-0.613, 1.3513, 0.2906], [-0.1564, 0.2151, 0.7183]],
        [[0.838, -0.263, -0.0639], [-0.2887, 1.0725, 0.2496], [-0.0627, 0.1427, 0.5438]],
        [[0.6596, -0.2079, -0.0562], [-0.4782, 1.3016, 0.1933], [-0.097, 0.1581, 0.5181]],
    ]
)
RGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
BRIGHT = 0.9  # from here on, safe inverse gains fade to none


def color_matrix(weights: Floats) -> Floats:
    """Camera matrices mixed by weights (N x 4), from linear RGB; each row adds up to one."""
    mixed = np.einsum("nk,kij->nij", weights / weights.sum(1, keepdims=True), XYZ_TO_CAMERA)
    matrices = mixed @ RGB_TO_XYZ
    return np.asarray(matrices / matrices.sum(-1, keepdims=True))


def split(planes: Floats, order: Order) -> tuple[Floats, ...]:
    """Red, green, blue and the other green."""
    return tuple(planes[:, place] for place in PLANES[order])


def join(red: Floats, green: Floats, blue: Floats, other: Floats, order: Order) -> Floats:
    """The four planes in an order."""
    given = dict(strict_zip(PLANES[order], (red, green, blue, other)))
    return np.stack([given[place] for place in range(4)], 1)


def apply_gains(planes: Floats, gains: Floats, order: Order) -> Floats:
    """Gains (N x 3) of all, of red and of blue."""
    every, red, blue = (gains[:, place, None, None] for place in range(3))
    one, green, two, other = split(planes, order)
    return join(one * red * every, green * every, two * blue * every, other * every, order)


def demosaic_half(planes: Floats, order: Order) -> Floats:
    """A picture of the planes' size."""
    red, green, blue, other = split(planes, order)
    return np.stack([red, (green + other) / 2, blue], 1)


def demosaic(planes: Floats, order: Order) -> Floats:
    """A picture of the mosaic's size; red and blue are not moved to where their pixels lie, as published."""
    red, green, blue, other = (double(plane) for plane in split(planes, order))
    mean = (green + other) / 2
    filled = mean.copy()
    filled[:, 0::2, 1::2] = green[:, 0::2, 1::2]
    filled[:, 1::2, 0::2] = other[:, 1::2, 0::2]
    return np.stack([red, filled, blue], 1)


def double(plane: Floats) -> Floats:
    """Twice the size, straight between pixels, whose centres lie at halves."""
    for axis in (-2, -1):
        before = np.take(plane, np.maximum(np.arange(plane.shape[axis]) - 1, 0), axis)
        after = np.take(plane, np.minimum(np.arange(plane.shape[axis]) + 1, plane.shape[axis] - 1), axis)
        pairs = np.stack([0.25 * before + 0.75 * plane, 0.75 * plane + 0.25 * after], plane.ndim + axis + 1)
        shape = list(plane.shape)
        shape[axis] *= 2
        plane = pairs.reshape(shape)
    return plane


def smoothstep(rgb: Floats) -> Floats:
    """A tone curve."""
    t = np.clip(rgb, 0, 1)
    return 3 * t**2 - 2 * t**3


def inverse_smoothstep(rgb: Floats) -> Floats:
    """The tone curve taken back."""
    t = np.clip(rgb, 0, 1)
    return np.asarray(0.5 - np.sin(np.arcsin(1 - 2 * t) / 3))


def process(
    planes: Floats,
    gains: Floats,
    matrices: Floats,
    order: Order = "rgbg",
    half: bool = False,
    scale: float = 1.0,
) -> Floats:
    """From planes to a picture."""
    balanced = apply_gains(planes, gains, order)
    rgb = demosaic_half(balanced, order) if half else demosaic(balanced, order)
    return smoothstep(gamma(apply_matrix(np.clip(rgb, 0, 1), matrices))) * scale


def unprocess(
    rgb: Floats,
    gains: Floats,
    matrices: Floats,
    order: Order = "rgbg",
    safe: bool = False,
    scale: float = 1.0,
) -> Floats:
    """From a picture (N x 3 x 2H x 2W) back to planes; `safe` keeps what is bright from growing dark."""
    linear = np.maximum(inverse_smoothstep(rgb), FLOOR) ** GAMMA
    camera = np.einsum("noc,nchw->nohw", np.linalg.inv(matrices), linear)
    return mosaic(np.clip(remove_gains(camera, gains, safe), 0, 1), order) * scale


def remove_gains(rgb: Floats, gains: Floats, safe: bool = False) -> Floats:
    """Gains of all, of red and of blue taken back."""
    every, red, blue = (gains[:, place, None, None] for place in range(3))
    factors = np.stack([1 / (red * every), 1 / every, 1 / (blue * every)], 1)
    if safe:
        gray = rgb.mean(1, keepdims=True)
        mask = (np.maximum(gray - BRIGHT, 0) / (1 - BRIGHT)) ** 2
        factors = np.maximum(mask + (1 - mask) * factors, factors)
    return np.asarray(rgb * factors)


def mosaic(rgb: Floats, order: Order) -> Floats:
    """The planes that a sensor sees of a picture."""
    red, blue = rgb[:, 0, 0::2, 0::2], rgb[:, 2, 1::2, 1::2]
    return join(red, rgb[:, 1, 0::2, 1::2], blue, rgb[:, 1, 1::2, 0::2], order)
