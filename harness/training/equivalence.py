"""Whether the final metrics of a port and of its reference are the same over seeds, by two one-sided tests.

Equivalent: the 90 % interval of the difference of the means (Welch's) lies within the margin. Different: it
lies wholly beyond. In between the seeds do not decide: to see no difference is no proof that there is none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.student import normal_cdf, t_quantile

LEVEL = 0.95  # of each one-sided test: together a 90 % interval
POWER = 0.8
MOST_SEEDS = 10_000
_SHARES, _RATIOS = 16, 801  # of the integrals over what spreads may be found

Floats = NDArray[np.float64]
Verdict = Literal["equivalent", "different", "inconclusive"]


@dataclass(frozen=True)
class Equivalence:
    """A metric over seeds. The difference is port less reference; `margin` is in the metric's own unit.

    `needed` is how many seeds a side would decide with a power of 80 % if there were no difference; None
    where it is decided, where they are too many, or where the spread is not known.
    """

    metric: str
    verdict: Verdict
    difference: float
    low: float
    high: float
    margin: float
    spread: tuple[float, float]
    seeds: tuple[int, int]
    needed: int | None
    sentence: str


def equivalence(
    metric: str, reference: Sequence[float], port: Sequence[float], margin: float, relative: bool = True
) -> Equivalence:
    """Judge a metric; `margin` is a share of the reference's mean, or in the metric's unit."""
    one, other = (np.asarray(values, np.float64) for values in (reference, port))
    seeds = len(one), len(other)
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return _undecided(metric, seeds, margin, "a figure that is not finite cannot be judged")
    if min(seeds) < 2:
        return _undecided(metric, seeds, margin, "one seed has no spread; give --seeds 2 or more")
    allowed = margin * abs(float(one.mean())) if relative else margin
    if not allowed > 0:
        return _undecided(metric, seeds, allowed, "the margin is zero, as the reference's mean is")
    difference = float(other.mean() - one.mean())
    low, high = welch_interval(one, other)
    spread = float(one.std(ddof=1)), float(other.std(ddof=1))
    verdict = verdict_of(low, high, allowed)
    open_ = verdict == "inconclusive"
    needed = seeds_needed(math.hypot(*spread) / math.sqrt(2), allowed) if open_ else None
    sentence = _sentence(metric, verdict, difference, (low, high), allowed, needed)
    return Equivalence(metric, verdict, difference, low, high, allowed, spread, seeds, needed, sentence)


def welch_interval(reference: Floats, port: Floats, level: float = LEVEL) -> tuple[float, float]:
    """The interval of the difference of two means whose spreads may differ."""
    parts = [float(values.var(ddof=1)) / len(values) for values in (reference, port)]
    error = math.sqrt(sum(parts))
    centre = float(port.mean() - reference.mean())
    if error == 0:
        return centre, centre
    freedom = sum(parts) ** 2 / sum(
        part**2 / (len(values) - 1) for part, values in zip(parts, (reference, port), strict=True)
    )
    reach = t_quantile(level, freedom) * error
    return centre - reach, centre + reach


def power(seeds: int, margin: float, spread: float, level: float = LEVEL) -> float:
    """How often so many seeds a side are called equivalent where there is no difference.

    Over all spreads that may be found: their sum, and one side's share of it, on which Welch's freedom rests.
    """
    if spread == 0:
        return 1.0
    each = seeds - 1
    turns = (np.arange(_SHARES) + 0.5) / _SHARES * math.pi / 4  # a share is the square of a turn's sine
    weights = np.sin(2 * turns) ** (each - 1)
    shares = np.sin(turns) ** 2
    limits = [t_quantile(level, each / float(share**2 + (1 - share) ** 2)) for share in shares]
    found = [_power(2 * each, margin / spread / math.sqrt(2 / seeds), limit) for limit in limits]
    return float(np.average(found, weights=weights))


def _power(freedom: int, room: float, limit: float) -> float:
    """The same for one limit: over the root of a chi-square over its freedom, which the spread's ratio is."""
    ratio = np.linspace(1e-6, 1 + 8 / math.sqrt(freedom), _RATIOS)
    density = np.exp(
        math.log(2) + freedom / 2 * math.log(freedom / 2) - math.lgamma(freedom / 2)
        + (freedom - 1) * np.log(ratio) - freedom * ratio**2 / 2
    )  # fmt: skip
    inside = [2 * normal_cdf(max(room - limit * float(one), 0.0)) - 1 for one in ratio]
    return float((density * inside).sum() * (ratio[1] - ratio[0]))


def seeds_needed(spread: float, margin: float, wanted: float = POWER) -> int | None:
    """The fewest seeds a side with this power, if there is no difference."""
    if spread == 0:
        return 2
    low, high = 1, 2
    while power(high, margin, spread) < wanted:
        low, high = high, 2 * high
        if high > MOST_SEEDS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle, margin, spread) >= wanted else (middle, high)
    return high


def verdict_of(low: float, high: float, margin: float) -> Verdict:
    """What an interval of the difference says of a margin."""
    if -margin < low and high < margin:
        return "equivalent"
    return "different" if low > margin or high < -margin else "inconclusive"


def _sentence(
    metric: str,
    verdict: Verdict,
    difference: float,
    interval: tuple[float, float],
    margin: float,
    needed: int | None,
) -> str:
    figures = (
        f"{metric}: the port differs by {difference:+.3g}, 90 % interval {interval[0]:+.3g} to "
        f"{interval[1]:+.3g}, margin {margin:.3g}"
    )
    if verdict != "inconclusive":
        return f"{figures}: {verdict}"
    seen = (
        " (there is a difference; whether it exceeds the margin is open)" if _excludes_zero(interval) else ""
    )
    more = "more seeds than can be trained" if needed is None else f"about {needed} seeds a side"
    return f"{figures}: inconclusive{seen}; {more} would decide"


def _excludes_zero(interval: tuple[float, float]) -> bool:
    return interval[0] > 0 or interval[1] < 0


def _undecided(metric: str, seeds: tuple[int, int], margin: float, why: str) -> Equivalence:
    nan = math.nan
    return Equivalence(
        metric, "inconclusive", nan, nan, nan, margin, (nan, nan), seeds, None, f"{metric}: {why}"
    )
