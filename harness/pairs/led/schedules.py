"""Learning rates of the option files, as functions of the iteration, which counts from 1."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Callable

Rate = Callable[[int], float]


def constant(base: float) -> Rate:
    """The same at all times."""
    return lambda iteration: base


def steps(base: float, milestones: Sequence[int], rates: Sequence[float]) -> Rate:
    """Another rate after each milestone."""
    if len(milestones) != len(rates):
        raise ValueError(f"{len(milestones)} milestones for {len(rates)} rates; there must be one for each")
    return lambda iteration: [base, *rates][bisect_right(milestones, iteration - 1)]


def multistep(base: float, milestones: Sequence[int], gamma: float) -> Rate:
    """Times gamma after each milestone, twice where one is named twice."""
    ordered = sorted(milestones)
    return lambda iteration: base * gamma ** bisect_right(ordered, iteration - 1)


def cosine_restarts(
    base: float, periods: Sequence[int], weights: Sequence[float], eta_min: float = 0.0
) -> Rate:
    """Half a cosine in each period, of the base's share that its weight tells."""
    if len(periods) != len(weights):
        raise ValueError(f"{len(periods)} periods for {len(weights)} weights; there must be one for each")
    ends = list(accumulate(periods))

    def rate(iteration: int) -> float:
        count = iteration - 1
        place = next((place for place, end in enumerate(ends) if count <= end), None)
        if place is None:
            raise ValueError(
                f"iteration {iteration} lies behind the last period, which ends at {ends[-1] + 1}"
            )
        start = ends[place - 1] if place else 0
        wave = 1 + math.cos(math.pi * (count - start) / periods[place])
        return eta_min + weights[place] * 0.5 * (base - eta_min) * wave

    return rate
