"""Judges each sample: its outputs to noise where both sides have the same weights, else its figures alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.alignment_rows import Row
from harness.case import PORT, REFERENCE
from harness.evaluating.noise_gauge import NoiseGauge
from harness.evaluating.result import SampleRow, Status
from harness.evaluating.samples import SampleBatch
from harness.flows.evaluating import Evaluating
from harness.flows.sample_truth import judge_sample
from harness.pairs.base import Arrays
from harness.verdict import NoisePolicy

MOST_MEASURED = 16
"""Samples that get a float64 run of their own; more of them that are too far off show nothing new."""


@dataclass
class SampleJudge:
    """Judges the samples of an evaluation, one batch after the other."""

    live: Evaluating
    policy: NoisePolicy = field(default_factory=NoisePolicy)
    measured: int = 0

    def __post_init__(self) -> None:
        self.gauge = NoiseGauge(self.policy)
        self.overrides = self.live.pair.overrides(self.live.variant, "eval")

    def rows(
        self, batch: SampleBatch, outputs: dict[str, Arrays], figures: dict[str, list[float]]
    ) -> Iterator[SampleRow]:
        """A row for each sample of a batch."""
        whole: SampleRow | None = None
        for place, (index, name) in enumerate(zip(batch.indices, batch.names, strict=True)):
            one, other = (_at(figures[side], place) for side in (REFERENCE, PORT))
            if self.live.own_weights:
                yield SampleRow(name, index, one, other)
            elif self.live.samples.source.mixes:
                cut = {side: _cut(arrays, place, len(batch.indices)) for side, arrays in outputs.items()}
                yield self._judged(name, index, one, other, cut)
            else:  # the samples of such a batch cannot be taken apart
                whole = whole or self._judged(name, index, one, other, outputs)
                yield SampleRow(
                    name,
                    index,
                    one,
                    other,
                    whole.error,
                    whole.ratio,
                    whole.status,
                    whole.measured,
                    whole.reason,
                )

    def _judged(
        self, name: str, index: int, one: float, other: float, outputs: dict[str, Arrays]
    ) -> SampleRow:
        apart = self.gauge.distance(outputs[REFERENCE], outputs[PORT])
        if self.gauge.ready and (apart.ratio <= 1 or self.measured >= MOST_MEASURED):
            status: Status = "aligned" if apart.ratio <= 1 else "diverged"
            reason = "by the noise of the samples that were measured in float64"
            return SampleRow(name, index, one, other, apart.error, apart.ratio, status, False, reason)
        rows = self._measure(index)
        worst = max(rows, key=lambda row: (row.verdict.status != "aligned", row.verdict.ratio or 0.0))
        ratios = [row.verdict.ratio or 0.0 for row in rows]
        return SampleRow(
            name,
            index,
            one,
            other,
            apart.error,
            max(ratios),
            _status(rows),
            True,
            f"{worst.address}: {worst.verdict.reason}",
        )

    def _measure(self, index: int) -> list[Row]:
        """Give a sample a float64 run of its own, and learn from it how large the noise is."""
        live = self.live
        self.measured += 1
        path = live.write(live.samples.alone(index))
        rows = judge_sample(live.workers, path, live.scratch.folder, self.policy, self.overrides)
        for row in rows:
            if row.measured is not None and row.measured.noise_l2 is not None:
                self.gauge.learn(row.address.partition(":")[2], row.measured)
        return rows


def _status(rows: list[Row]) -> Status:
    found = {row.verdict.status for row in rows}
    if found - {"aligned", "skipped", "inconclusive"}:
        return "diverged"
    return "inconclusive" if "inconclusive" in found or "aligned" not in found else "aligned"


def _at(figures: list[float], place: int) -> float:
    return figures[place] if place < len(figures) else math.nan


def _cut(arrays: Arrays, place: int, count: int) -> Arrays:
    """The part of a batch's outputs that belongs to one of its samples."""
    return {
        name: array[place : place + 1] if array.ndim and len(array) == count else array
        for name, array in arrays.items()
    }
