"""Holds a measurement against an earlier one of the same machine.

What is compared is the ratio of the two sides, which were measured in turns: a machine that is slower today
slows both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.bench.result import Bench, BenchMachine, BenchRow
from harness.bench.statistics import CONFIDENCE
from harness.errors import BadInput
from harness.student import t_quantile

_FARTHEST = 1e6  # no side is a million times as fast as the other


@dataclass(frozen=True)
class RatioChange:
    """How the ratio of one row changed: 1.1 means that the port lost a tenth against its reference."""

    key: str
    value: float
    low: float
    high: float
    too_slow: bool


@dataclass(frozen=True)
class Expected:
    """What a baseline is of. Everything is held against it as soon as it is known; without one all goes."""

    old: Bench | None

    def require_case(self, model: str, variant: str, device: str, machine: BenchMachine) -> None:
        """BadInput where the baseline is of another model, variant, device or machine."""
        if self.old is None:
            return
        here = replace(machine, device_name=self.old.machine.device_name)  # a worker tells it later
        _require("model", self.old.model, model)
        _require("variant", self.old.variant, variant)
        _require("device", self.old.device, device)
        _require("machine", self.old.machine, here)

    def require_row(self, key: str) -> None:
        """BadInput where the baseline has no such row: of that mode, batch, size and switches."""
        rows = {row.key: row for row in self.old.rows} if self.old is not None else {}
        if key in rows and not says_something(rows[key].rounds):
            raise BadInput(
                f"the rounds of {key} in the baseline are fewer than two, or no ratios of times, so it says "
                "nothing: measure it anew"
            )
        if self.old is not None and key not in (keys := list(rows)):
            raise BadInput(
                f"the baseline has no row {key}; it has {'; '.join(keys) or 'none'}. Ask for "
                "one of these, or measure the baseline anew"
            )

    def require_worker(self, side: str, versions: dict[str, str], device_name: str) -> None:
        """BadInput where a side has other versions, or computes on another device."""
        if self.old is not None:
            _require("machine", self.old.machine.device_name, device_name)
            _require(f"version of {side}", self.old.versions.get(side), versions)

    def require_settings(self, key: str, label: str, settings: dict[str, str]) -> None:
        """BadInput where a contestant computes under other settings."""
        rows = [row for row in self.old.rows if row.key == key] if self.old is not None else []
        for figures in (figures for row in rows for figures in (row.first, row.second)):
            if figures.contestant.label == label:
                shared = figures.settings.keys() & settings.keys()
                then, now = (
                    {name: each[name] for name in sorted(shared)} for each in (figures.settings, settings)
                )
                _require(f"setting of {label}", then, now)


def says_something(rounds: Sequence[float]) -> bool:
    """Whether rounds are enough, and ratios of times."""
    return len(rounds) >= 2 and all(1 / _FARTHEST < ratio < _FARTHEST for ratio in rounds)


def _require(name: str, then: object, now: object) -> None:
    if then != now:
        raise BadInput(
            f"the baseline is of another {name}: {then} there, {now} here. Figures of the two cannot be "
            "compared; measure the baseline here"
        )


def changes(old: Bench, new: Bench, limit: float) -> list[RatioChange]:
    """Every row of `new` against the same of `old`; too slow where the whole interval is beyond `limit`."""
    expected = Expected(old)
    expected.require_case(new.model, new.variant, new.device, new.machine)
    for side, versions in new.versions.items():
        expected.require_worker(side, versions, new.machine.device_name)
    for row in new.rows:
        expected.require_row(row.key)
    before = {row.key: row for row in old.rows}
    return [_change(before[row.key], row, limit) for row in new.rows]


def _change(old: BenchRow, new: BenchRow, limit: float) -> RatioChange:
    value, low, high = ratio_change(old.rounds, new.rounds)
    return RatioChange(new.key, value, low, high, low > 1 + limit)


def ratio_change(old: Sequence[float], new: Sequence[float]) -> tuple[float, float, float]:
    """How many times the old ratio the new one is, and the interval of that."""
    then, now = np.log(old), np.log(new)
    parts = [float(np.var(logs, ddof=1)) / len(logs) for logs in (then, now)]
    error = math.sqrt(sum(parts))
    freedom = _welch(parts, [len(then), len(now)])
    reach = t_quantile((1 + CONFIDENCE) / 2, freedom) * error
    middle = float(now.mean() - then.mean())
    return math.exp(middle), math.exp(middle - reach), math.exp(middle + reach)


def _welch(parts: list[float], counts: list[int]) -> float:
    """The degrees of freedom of two variances that may differ (Welch and Satterthwaite)."""
    below = sum(part**2 / (count - 1) for part, count in zip(parts, counts, strict=True))
    return sum(parts) ** 2 / below if below else float(sum(counts) - 2)
