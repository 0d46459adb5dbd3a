"""Lets both sides see every sample, judges each, and keeps now and then what has been seen, to go on from."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from harness.case import SIDES
from harness.errors import WorkerLost
from harness.evaluating.evidence import OutputRange
from harness.evaluating.result import SampleRow
from harness.evaluating.samples import SampleBatch
from harness.evaluating.unfinished import Unfinished
from harness.flows.evaluating import Evaluating
from harness.flows.sample_judge import SampleJudge
from harness.flows.stopping import Asked, asked_to_stop
from harness.own_name import command
from harness.training.metrics import SplitMetrics

_TELL, _KEEP = 2.0, 60.0  # seconds between two lines of progress, and between two times that it is kept


@dataclass
class Seen:
    """What the samples so far have shown. `next` is the first that has not been seen."""

    metrics: dict[str, SplitMetrics]
    judge: SampleJudge
    ranges: dict[str, OutputRange] = field(default_factory=lambda: {side: OutputRange() for side in SIDES})
    rows: list[SampleRow] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    next: int = 0
    last_message: float = 0.0
    kept: float = 0.0

    def spend(self, what: str, since: float) -> None:
        """Count what has been spent on something since a moment."""
        self.seconds[what] = self.seconds.get(what, 0.0) + time.perf_counter() - since


def see_samples(live: Evaluating, folder: Path, before: Unfinished | None = None) -> Seen:
    """See all samples, or those that are left after what has been seen before."""
    seen = Seen({side: SplitMetrics(live.pair, live.variant, side) for side in SIDES}, SampleJudge(live))
    if before is not None:
        _go_on(live, seen, before)
    started = seen.kept = time.perf_counter()
    try:
        with asked_to_stop() as asked:
            _see_all(live, seen, folder, asked)
    except WorkerLost as error:
        if seen.next and _keep(live, seen, folder):
            raise WorkerLost(f"{error}. {_go_on_words(live, folder)}") from error
        raise
    seen.spend("wall", started)
    return seen


def _see_all(live: Evaluating, seen: Seen, folder: Path, asked: Asked) -> None:
    for batch in live.samples:
        _tell(live, seen, batch.indices[0])
        _see(live, seen, batch)
        if asked.number is not None:
            _interrupt(live, seen, folder, asked)
        if time.perf_counter() - seen.kept > _KEEP:
            _keep(live, seen, folder)


def _go_on(live: Evaluating, seen: Seen, before: Unfinished) -> None:
    for side in SIDES:
        seen.metrics[side].take_up(before.metrics.get(side, {}))
        seen.ranges[side] = before.ranges.get(side, OutputRange())
    seen.rows, seen.seconds, seen.next = list(before.rows), dict(before.seconds), before.next
    seen.judge.measured = before.measured
    seen.judge.gauge.l2, seen.judge.gauge.worst = before.allowed
    live.samples.first, live.samples.broken = before.next, list(before.broken)


def _see(live: Evaluating, seen: Seen, batch: SampleBatch) -> None:
    since = time.perf_counter()
    outputs = live.outputs(batch)
    seen.spend("inference", since)
    since = time.perf_counter()
    figures = {}
    for side in SIDES:
        before = len(seen.metrics[side].samples)
        seen.metrics[side].add(outputs[side], batch.arrays)
        figures[side] = seen.metrics[side].samples[before:]
        seen.ranges[side].add(outputs[side])
    seen.spend("metrics", since)
    since = time.perf_counter()
    seen.rows += seen.judge.rows(batch, outputs, figures)
    seen.spend("judging", since)
    seen.next = batch.indices[-1] + 1


def _tell(live: Evaluating, seen: Seen, index: int) -> None:
    """Say now and then how far it is; a line for each of thousands of samples would be too many."""
    now = time.perf_counter()
    if now - seen.last_message < _TELL:
        return
    seen.last_message = now
    for side in SIDES:
        live.progress.event(side, "state", text=f"sample {index + 1} of {len(live.samples)}")


def _keep(live: Evaluating, seen: Seen, folder: Path) -> bool:
    """Keep what has been seen, where the metrics can go on from that; whether they can."""
    seen.kept = time.perf_counter()
    metrics = {side: kept for side in SIDES if (kept := seen.metrics[side].kept()) is not None}
    if len(metrics) < len(SIDES):
        return False
    Unfinished(
        request=live.request.to_dict(),
        next=seen.next,
        rows=seen.rows,
        broken=live.samples.broken,
        metrics=metrics,
        ranges=seen.ranges,
        allowed=(seen.judge.gauge.l2, seen.judge.gauge.worst),
        measured=seen.judge.measured,
        seconds=seen.seconds,
    ).save(folder)
    return True


def _interrupt(live: Evaluating, seen: Seen, folder: Path, asked: Asked) -> None:
    """End as somebody has asked, and say how to go on."""
    if _keep(live, seen, folder):
        live.progress.event("run", "state", text=_go_on_words(live, folder))
    asked.raise_signal()


def _go_on_words(live: Evaluating, folder: Path) -> str:
    words = f"{command('evaluate')} --resume {folder}{live.request.flags_again()}"
    return f"What was seen until then is kept; go on with: {words}"
