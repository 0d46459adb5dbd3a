"""Fitting images of any shape into the network's, and boxes back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[Any]

GRAY = 114
STRIDE = 32


@dataclass(frozen=True)
class Fit:
    """How an image lies in its frame: scaled by `ratio` to `inner`, with `pad` (across, down) before it."""

    ratio: float
    inner: tuple[int, int]
    pad: tuple[float, float]
    border: tuple[int, int, int, int]  # top, bottom, left, right

    @property
    def outer(self) -> tuple[int, int]:
        """Height and width of the frame."""
        top, bottom, left, right = self.border
        return self.inner[0] + top + bottom, self.inner[1] + left + right


class Frame(NamedTuple):
    """How an image lies in its frame, as numbers: its own sides, those it is drawn with, what is before it.

    Sides are stretched each by itself, since pixels are whole.
    """

    height: float
    width: float
    inner_height: float
    inner_width: float
    down: float
    across: float

    def original(self, corners: Floats) -> Floats:
        """Corners in the frame as corners in the image."""
        shift = np.array([self.across, self.down] * 2)
        scale = np.array([self.width / self.inner_width, self.height / self.inner_height] * 2)
        moved: Floats = (corners - shift) * scale
        return moved

    def within(self, corners: Floats) -> Floats:
        """The same, kept within the image."""
        kept: Floats = np.clip(self.original(corners), 0, np.array([self.width, self.height] * 2))
        return kept


def whole(height: float, width: float) -> Frame:
    """The frame of an image that fills it."""
    return Frame(height, width, height, width, 0.0, 0.0)


def fit(
    shape: tuple[int, int],
    frame: int | tuple[int, int],
    auto: bool = False,
    scaleup: bool = False,
    whole: bool = False,
    stride: int = STRIDE,
) -> Fit:
    """How an image (height, width) is fitted; `auto` keeps the least border that the stride allows."""
    height, width = (frame, frame) if isinstance(frame, int) else frame
    ratio = min(height / shape[0], width / shape[1])
    if not scaleup:
        ratio = min(ratio, 1.0)
    inner = round(shape[0] * ratio), round(shape[1] * ratio)
    down, across = float(height - inner[0]), float(width - inner[1])
    if auto:
        down, across = down % stride, across % stride
    down, across = down / 2, across / 2
    top, bottom, left, right = (round(side + step) for side in (down, across) for step in (-0.1, 0.1))
    pad = (float(left), float(top)) if whole else (across, down)
    return Fit(ratio, inner, pad, (top, bottom, left, right))


def letterbox(image: Pixels, placed: Fit) -> Pixels:
    """An image (height, width, colours) in its gray frame."""
    top, bottom, left, right = placed.border
    inner = resize(image, placed.inner)
    return np.pad(inner, ((top, bottom), (left, right), (0, 0)), constant_values=GRAY)


def to_original(boxes: Floats, placed: Fit, shape: tuple[int, int]) -> Floats:
    """Corners in the frame as corners in the image (height, width), kept within it."""
    across, down = placed.pad
    moved = (boxes - np.array([across, down, across, down])) / placed.ratio
    height, width = shape
    kept: Floats = np.clip(moved, 0, np.array([width, height, width, height], moved.dtype))
    return kept


def resize(image: Pixels, size: tuple[int, int], area: bool = False) -> Pixels:
    """Resized between pixel centres, or by the mean of what each pixel covers."""
    if image.shape[:2] == size:
        return image
    result = image.astype(np.float32)
    for axis, wanted in enumerate(size):
        weights = _shares(image.shape[axis], wanted, area)
        result = np.moveaxis(np.tensordot(weights, result, axes=(1, axis)), 0, axis)
    return np.clip(np.rint(result), 0, 255).astype(np.uint8)


def _shares(have: int, want: int, area: bool) -> NDArray[np.float32]:
    """How much of each source pixel goes into each pixel."""
    places, step = np.arange(have), have / want
    if area and want < have:
        low, high = np.arange(want)[:, None] * step, (np.arange(want)[:, None] + 1) * step
        covered = np.clip(np.minimum(high, places + 1) - np.maximum(low, places), 0, None) / step
        shares: NDArray[np.float32] = covered.astype(np.float32)
        return shares
    at = np.clip((np.arange(want) + 0.5) * step - 0.5, 0, have - 1)[:, None]
    near: NDArray[np.float32] = np.clip(1 - np.abs(at - places), 0, None).astype(np.float32)
    return near


def rectangles(
    shapes: Sequence[tuple[float, float]], side: int, batch: int, pad: float = 0.5, stride: int = STRIDE
) -> tuple[list[int], list[tuple[int, int]]]:
    """Images (width, height) by their proportions, and the frame (height, width) of each batch of them."""
    ratios = np.array([height / width for width, height in shapes])
    order = np.argsort(ratios, kind="stable")
    frames = []
    for start in range(0, len(order), batch):
        chosen = ratios[order[start : start + batch]]
        least, most = float(chosen.min()), float(chosen.max())
        share = (most, 1.0) if most < 1 else (1.0, 1 / least) if least > 1 else (1.0, 1.0)
        height, width = (math.ceil(part * side / stride + pad) * stride for part in share)
        frames.append((height, width))
    return [int(place) for place in order], frames
