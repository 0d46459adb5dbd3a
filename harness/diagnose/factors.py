"""One number for many values: a factor explains a difference only where it fits far more values than one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
ALIKE, NEAR = 1e-3, 1e-4
_CLEAR, _BEYOND = 0.02, 4.0


def slope(left: Array, right: Array) -> float:
    """By what the first must be multiplied to come nearest to the second."""
    ours, its = np.asarray(left, np.float64).reshape(-1), np.asarray(right, np.float64).reshape(-1)
    return float(ours @ its) / float(ours @ ours)


def one_factor(pairs: Sequence[tuple[Array, Array]], noise: Sequence[float] = ()) -> float | None:
    """The factor that makes each second tensor of the first, if there is one for all; None for 1."""
    found = common_factor(pairs, noise)
    if found is None:
        return None
    factor, rounding = found
    return factor if abs(factor - 1) > NEAR + rounding else None


def common_factor(
    pairs: Sequence[tuple[Array, Array]], noise: Sequence[float] = ()
) -> tuple[float, float] | None:
    """The same with 1, and by how much rounding alone may move it.

    `noise` is how far each first tensor strays by rounding, in l2. Where one factor fits all as if there were
    none, it is that one. Else a tensor of which noise is much says nothing and is left out; elsewhere the
    second may stray as far, and counts the less.
    """
    exact = _fitted(pairs, [0.0] * len(pairs), alike=any(noise))
    return exact or (_fitted(pairs, noise, alike=True) if any(noise) else None)


def _fitted(
    pairs: Sequence[tuple[Array, Array]], noise: Sequence[float], alike: bool
) -> tuple[float, float] | None:
    """`alike`: each tensor counts as much as any other, however large it is."""
    left: list[Array] = []
    right: list[Array] = []
    strays: list[float] = []
    for (a, b), stray in zip(pairs, noise, strict=True):
        ours, its = (np.asarray(array, np.float64).reshape(-1) for array in (a, b))
        size = _size(ours)
        if stray <= _CLEAR * size:
            weight = 1 / (stray + ALIKE * size) if alike and size else 1.0
            left.append(weight * ours)
            right.append(weight * its)
            strays.append(weight * stray)
    if not left or np.count_nonzero(ours := np.concatenate(left)) < 2:
        return None
    factor = slope(ours, its := np.concatenate(right))
    size, stray = _size(ours), _BEYOND * math.hypot(*strays)
    allowed = ALIKE * max(abs(factor), 1e-2) * size + stray * (1 + abs(factor))
    return (factor, stray / size) if _size(its - factor * ours) <= allowed else None


def _size(array: Array) -> float:
    return float(np.linalg.norm(np.asarray(array, np.float64)))


def apart(left: Array, right: Array) -> Array:
    """The difference, in float64."""
    return np.subtract(left, right, dtype=np.float64)
