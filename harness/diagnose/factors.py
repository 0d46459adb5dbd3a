"""One number for many values: a factor explains a difference only where it fits far more values than one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
ALIKE, NEAR = 1e-3, 1e-4


def slope(left: Array, right: Array) -> float:
    """By what the first must be multiplied to come nearest to the second."""
    ours, its = np.asarray(left, np.float64).reshape(-1), np.asarray(right, np.float64).reshape(-1)
    return float(ours @ its) / float(ours @ ours)


def one_factor(pairs: Sequence[tuple[Array, Array]]) -> float | None:
    """The factor that makes each second tensor of the first, if there is one for all; None for 1."""
    if not pairs:
        return None
    left = np.concatenate([np.asarray(a, np.float64).reshape(-1) for a, _ in pairs])
    right = np.concatenate([np.asarray(b, np.float64).reshape(-1) for _, b in pairs])
    if np.count_nonzero(left) < 2:
        return None
    factor = slope(left, right)
    far, size = np.linalg.norm(right - factor * left), np.linalg.norm(left)
    return factor if far <= ALIKE * max(abs(factor), 1e-2) * size and abs(factor - 1) > NEAR else None


def apart(left: Array, right: Array) -> Array:
    """The difference, in float64."""
    return np.subtract(left, right, dtype=np.float64)
