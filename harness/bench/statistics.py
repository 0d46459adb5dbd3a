"""What repeated timings say: their spread, the ratio of two sides with its interval, and a verdict.

A single timing is swayed by whatever else the machine does, and all timings of one process by where its
memory happens to lie. So the unit of evidence is a round: one fresh process of each side, measured in turns
A B B A. Each round gives one ratio. The interval is Student's over the rounds' ratios, on a logarithmic
scale, without the fifth that is largest and the fifth that is smallest, as K. K. Yuen has it: on a shared
machine one process in ten is slowed as long as it lives. A bootstrap over so few rounds would be too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.older_python import strict_zip
from harness.student import t_quantile

Speed = Literal["faster", "slower", "same", "ambiguous"]
CONFIDENCE = 0.99
SMALLEST = 0.005
"""No user feels a difference of half a percent or less."""
SAME = 0.02
"""Two sides are the same if every ratio in the interval is this near to 1."""
FEWEST_ROUNDS, MOST_ROUNDS = 4, 30
_TRIMMED, _TRIMMED_FROM = 0.2, 10
"""The share of the rounds that is left out at each end, and from how many rounds on."""
SETTLED = 0.01
"""Rounds are added until half the width of the interval is at most this."""


@dataclass(frozen=True)
class Spread:
    """How values are spread; the deviation is the standard one."""

    count: int
    median: float
    low: float
    high: float
    least: float
    deviation: float


@dataclass(frozen=True)
class Ratio:
    """Port over reference, with the interval that holds it in 99 of 100 measurements."""

    value: float
    low: float
    high: float
    verdict: Speed

    @property
    def half_width(self) -> float:
        """How far the interval reaches, as a share of the ratio."""
        return math.sqrt(self.high / self.low) - 1


def spread(values: Sequence[float]) -> Spread:
    """Median, quartiles, least and standard deviation."""
    array = np.asarray(values, np.float64)
    low, median, high = np.percentile(array, [25, 50, 75])
    deviation = float(array.std(ddof=1)) if len(array) > 1 else 0.0
    return Spread(len(array), float(median), float(low), float(high), float(array.min()), deviation)


def round_ratio(reference: Sequence[Sequence[float]], port: Sequence[Sequence[float]]) -> float:
    """Port over reference in one round, from blocks of timings measured in turns A B B A.

    Each two neighbouring blocks give a ratio of medians, and the round's ratio is their median: a burst of
    other work spoils the few that it meets. A slow drift raises one and lowers the next, and falls out.
    """
    ours, theirs = [_log_median(block) for block in reference], [_log_median(block) for block in port]
    if len(ours) != len(theirs) or len(ours) < 2 or len(ours) % 2:
        raise ValueError(f"{len(ours)} blocks against {len(theirs)}; it should be the same even number")
    return math.exp(float(np.median([other - one for one, other in strict_zip(ours, theirs)])))


def _log_median(block: Sequence[float]) -> float:
    return math.log(float(np.median(np.asarray(block, np.float64))))


def ratio_of(rounds: Sequence[float]) -> Ratio:
    """The ratio of two sides from that of every round."""
    logs = np.sort(np.log(np.asarray(rounds, np.float64)))
    count = len(logs)
    if count < 2:
        raise ValueError("an interval needs two rounds or more")
    out = int(_TRIMMED * count) if count >= _TRIMMED_FROM else 0
    kept = logs[out : count - out]
    spread_of_all = float(np.clip(logs, kept[0], kept[-1]).std(ddof=1))
    error = spread_of_all * math.sqrt((count - 1) / (len(kept) * (len(kept) - 1)))
    reach = t_quantile((1 + CONFIDENCE) / 2, len(kept) - 1) * error
    middle = float(kept.mean())
    low, high = math.exp(middle - reach), math.exp(middle + reach)
    return Ratio(math.exp(middle), low, high, _verdict(low, high))


def _verdict(low: float, high: float) -> Speed:
    """What an interval of port over reference says of the port."""
    if low > 1 + SMALLEST:
        return "slower"
    if high < 1 / (1 + SMALLEST):
        return "faster"
    if low >= 1 / (1 + SAME) and high <= 1 + SAME:
        return "same"
    return "ambiguous"


def settled(rounds: Sequence[float]) -> bool:
    """Whether enough rounds were made: the interval is narrow, or more would take too long."""
    if len(rounds) < FEWEST_ROUNDS:
        return False
    return len(rounds) >= MOST_ROUNDS or ratio_of(rounds).half_width <= SETTLED


def halves_agree(seconds: Sequence[float], within: float = 0.02) -> bool:
    """Whether the second half of the last calls is no faster than the first: the warm-up is over."""
    if len(seconds) < 6:
        return False
    half = len(seconds) // 2
    first, second = np.median(seconds[-2 * half : -half]), np.median(seconds[-half:])
    return bool(abs(first - second) <= within * second)
