"""Holds a measurement against an earlier one of the same machine.

What is compared is the ratio of the two sides, which were measured in turns: a machine that is slower today
slows both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.bench.result import Bench, Row
from harness.bench.statistics import CONFIDENCE
from harness.errors import BadInput
from harness.student import t_quantile


@dataclass(frozen=True)
class Change:
    """How the ratio of one row changed: 1.1 means that the port lost a tenth against its reference."""

    key: str
    value: float
    low: float
    high: float
    too_slow: bool


def changes(old: Bench, new: Bench, limit: float) -> list[Change]:
    """Every row of `new` against the same of `old`; too slow where the whole interval is beyond `limit`."""
    require_comparable(old, new)
    before = {row.key: row for row in old.rows}
    missing = [row.key for row in new.rows if row.key not in before]
    if missing:
        raise BadInput(f"the baseline has no row {missing[0]}; it has {'; '.join(before) or 'none'}")
    return [_change(before[row.key], row, limit) for row in new.rows]


def require_comparable(old: Bench, new: Bench) -> None:
    """BadInput where the baseline is of another machine, device, model or version of a framework."""
    for name in ("model", "variant", "device", "machine", "versions"):
        then, now = getattr(old, name), getattr(new, name)
        if then != now:
            raise BadInput(
                f"the baseline is of another {name}: {then} there, {now} here. Figures of the two cannot be "
                "compared; measure the baseline here"
            )


def _change(old: Row, new: Row, limit: float) -> Change:
    then, now = np.log(old.rounds), np.log(new.rounds)
    parts = [float(np.var(logs, ddof=1)) / len(logs) for logs in (then, now)]
    error = math.sqrt(sum(parts))
    freedom = _welch(parts, [len(then), len(now)])
    reach = t_quantile((1 + CONFIDENCE) / 2, freedom) * error
    middle = float(now.mean() - then.mean())
    low = math.exp(middle - reach)
    return Change(new.key, math.exp(middle), low, math.exp(middle + reach), low > 1 + limit)


def _welch(parts: list[float], counts: list[int]) -> float:
    """The degrees of freedom of two variances that may differ (Welch and Satterthwaite)."""
    below = sum(part**2 / (count - 1) for part, count in zip(parts, counts, strict=True))
    return sum(parts) ** 2 / below if below else float(sum(counts) - 2)
