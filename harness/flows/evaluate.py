"""`align evaluate`: metrics of given weights on a data set, both sides, with every sample's own figures."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness import files
from harness.case import PORT, REFERENCE, SIDES
from harness.evaluating.conclusion import conclude, worst_first
from harness.evaluating.evidence import OutputRange, empty_on_both
from harness.evaluating.metric_rows import metric_rows
from harness.evaluating.result import NAME, Evaluation, SampleRow
from harness.flows import run_folder
from harness.flows.draw_samples import draw_samples
from harness.flows.evaluate_request import EvaluateRequest
from harness.flows.evaluating import Evaluating, evaluating
from harness.flows.sample_judge import SampleJudge
from harness.pairs import find
from harness.progress import Progress
from harness.scratch import scratch
from harness.session import Worker
from harness.training.churn import disagreement
from harness.training.metrics import SplitMetrics
from reports.evaluation import csv, markdown

Seconds = dict[str, float]
_PAUSE = 2.0  # seconds between two lines of progress


@dataclass
class _Taken:
    """What the batches so far have shown."""

    metrics: dict[str, SplitMetrics]
    ranges: dict[str, OutputRange] = field(default_factory=lambda: {side: OutputRange() for side in SIDES})
    rows: list[SampleRow] = field(default_factory=list)
    seconds: Seconds = field(default_factory=dict)
    told: float = 0.0

    def spend(self, what: str, since: float) -> None:
        """Count what has been spent on something since a moment."""
        self.seconds[what] = self.seconds.get(what, 0.0) + time.perf_counter() - since


def evaluate(
    request: EvaluateRequest, progress: Progress, workers: Mapping[str, Worker] | None = None
) -> tuple[Evaluation, Path]:
    """Evaluate both sides into a new run folder; what was found, and the folder."""
    folder = run_folder.choose(request.output, request.case(find(request.model)))
    with run_folder.kept_if_done(folder):
        progress.event("run", "folder", path=str(folder))
        with (
            scratch() as place,
            evaluating(request, place, folder / run_folder.LOGS, progress, workers) as live,
        ):
            live.build()
            found = _found(live, _take(live))
            draw_samples(live, found.samples, folder, request.pictures)
        keep(found, folder)
    return found, folder


def keep(found: Evaluation, folder: Path) -> None:
    """Write what an evaluation leaves behind."""
    found.save(folder / NAME)
    files.write_file(folder / "evaluation.md", markdown(found))
    files.write_file(folder / "samples.csv", csv(found))


def _take(live: Evaluating) -> _Taken:
    """Let both sides see every sample."""
    taken = _Taken({side: SplitMetrics(live.pair, live.variant, side) for side in SIDES})
    judge, started = SampleJudge(live), time.perf_counter()
    for batch in live.samples:
        _tell(live, taken, batch.indices[0])
        since = time.perf_counter()
        outputs = live.outputs(batch)
        taken.spend("inference", since)
        since = time.perf_counter()
        for side in SIDES:
            taken.metrics[side].add(outputs[side], batch.arrays)
            taken.ranges[side].add(outputs[side])
        taken.spend("metrics", since)
        since = time.perf_counter()
        figures = {side: taken.metrics[side].samples[-len(batch.indices) :] for side in SIDES}
        taken.rows += judge.rows(batch, outputs, figures)
        taken.spend("judging", since)
    taken.spend("wall", started)
    return taken


def _tell(live: Evaluating, taken: _Taken, index: int) -> None:
    """Say now and then how far it is; a line for each of thousands of samples would be too many."""
    now = time.perf_counter()
    if taken.rows and now - taken.told < _PAUSE:
        return
    taken.told = now
    for side in SIDES:
        live.progress.event(side, "state", text=f"sample {index + 1} of {len(live.samples)}")


def _found(live: Evaluating, taken: _Taken) -> Evaluation:
    request, metrics = live.request, taken.metrics
    metrics_rows = metric_rows(
        metrics[REFERENCE].figures(),
        metrics[PORT].figures(),
        metrics[REFERENCE].steps(),
        request.margin,
        own_weights=live.own_weights,
    )
    empty = empty_on_both(*(taken.ranges[side].empty() for side in SIDES))
    empty += empty_on_both(*(metrics[side].empty() for side in SIDES))
    verdict, sentence = conclude(metrics_rows, taken.rows, empty, own_weights=live.own_weights)
    return Evaluation(
        model=live.pair.name,
        variant=live.case.variant,
        device=live.case.device,
        date=time.strftime("%Y-%m-%d"),
        data=str(request.data or "synthetic"),
        split=request.split,
        batch=request.batch,
        seed=request.seed,
        size=request.input_size,
        weights={REFERENCE: request.weights, PORT: request.port_weights or request.weights},
        policy="metric" if live.own_weights else "noise",
        limit=request.margin,
        figure=metrics[REFERENCE].figure,
        protocol=metrics[REFERENCE].protocol,
        verdict=verdict,
        sentence=sentence,
        versions={side: live.workers[side].ready().versions for side in SIDES},
        metrics=metrics_rows,
        samples=worst_first(taken.rows),
        broken=live.samples.broken,
        empty=empty,
        churn=disagreement(metrics[REFERENCE].samples, metrics[PORT].samples) if taken.rows else None,
        costs=taken.seconds,
    )
