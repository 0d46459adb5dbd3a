"""Bilinear resizing with aligned corners, as the published evaluation resizes logits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def resize_bilinear(planes: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """(C, H, W) to a size; the corner pixels stay where they are."""
    across = _blend(planes, size[1], axis=2)
    return _blend(across, size[0], axis=1)


def _blend(planes: NDArray[Any], out: int, axis: int) -> NDArray[Any]:
    length = planes.shape[axis]
    if out == length:
        return planes
    source = np.arange(out) * ((length - 1) / (out - 1) if out > 1 else 0.0)
    first = np.minimum(np.floor(source).astype(np.int64), length - 1)
    second = np.minimum(first + 1, length - 1)
    shape = [1, 1, 1]
    shape[axis] = out
    share = (source - first).reshape(shape).astype(planes.dtype)
    blended: NDArray[Any] = planes.take(first, axis) * (1 - share) + planes.take(second, axis) * share
    return blended
