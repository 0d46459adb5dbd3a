"""Finds the number with which something comes out nearest to what is wanted, in few looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Distances = Callable[[Sequence[float]], list[float]]

_FACTORS = (-1.0, 0.0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 1.1, 1.3, 1.5, 2.0, 3.0, 4.0, 10.0, 100.0)
_TINY = tuple(10.0**power for power in range(-12, 0, 2))
_FROM_ZERO = (-1.0, -0.1, 0.01, 0.1, 0.5, 1.0, 2.0, 10.0)
_BETTER = 0.5
_POINTS, _ROUNDS = 7, 4
_DIGITS = (1, 2, 3)


def plain_numbers(now: float, distances: Distances) -> list[float]:
    """Plain numbers near the one with which the distance is least; none where none makes it much less.

    Plain are numbers of one to three digits, and one over a whole number.
    """
    grid = sorted({now, *_beside(now)})
    found = distances(grid)
    own = found[grid.index(now)]
    best = int(np.nanargmin(found)) if np.isfinite(found).any() else grid.index(now)
    if not found[best] <= _BETTER * own:
        return []
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    best_value = grid[best]
    for _ in range(_ROUNDS):
        points = _between(low, high)
        found = distances(points)
        if not np.isfinite(found).any():
            break
        place = int(np.nanargmin(found))
        best_value = points[place]
        low, high = points[max(place - 1, 0)], points[min(place + 1, len(points) - 1)]
    return rounded(best_value, high - low)


def _beside(now: float) -> list[float]:
    if not now:
        return list(_FROM_ZERO)
    tiny = _TINY if 0 < now < 0.1 else ()
    return [*(now * factor for factor in _FACTORS), *tiny]


def _between(low: float, high: float) -> list[float]:
    if low > 0 and high > 4 * low:
        return [float(point) for point in np.geomspace(low, high, _POINTS)]
    return [float(point) for point in np.linspace(low, high, _POINTS)]


def rounded(value: float, room: float) -> list[float]:
    """Plain numbers that are no farther from a value than the room, after 0 and 1, which stand in often."""
    near = [float(f"{value:.{digits - 1}e}") for digits in _DIGITS]
    if value:
        near.append(1 / round(1 / value) if round(1 / value) else value)
    close = [number for number in near if abs(number - value) <= max(room, 1e-3 * abs(value))]
    return list(dict.fromkeys([0.0, 1.0, *close]))
