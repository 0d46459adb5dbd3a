"""`align evaluate`: metrics of given weights on a data set, both sides, with every sample's own figures."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import reports
from harness import files
from harness.case import PORT, REFERENCE, SIDES
from harness.evaluating.conclusion import conclude, worst_first
from harness.evaluating.evidence import empty_on_both
from harness.evaluating.metric_rows import metric_rows
from harness.evaluating.result import NAME, Evaluation
from harness.evaluating.unfinished import NAME as UNFINISHED
from harness.evaluating.unfinished import Unfinished
from harness.flows import run_folder
from harness.flows.draw_samples import draw_samples
from harness.flows.evaluate_request import EvaluateRequest
from harness.flows.evaluating import Evaluating, evaluating
from harness.flows.see_samples import Seen, see_samples
from harness.pairs import find
from harness.progress import Progress
from harness.scratch import scratch
from harness.session import Worker
from harness.training.churn import disagreement
from reports.evaluation import csv, markdown


def evaluate(
    request: EvaluateRequest, progress: Progress, workers: Mapping[str, Worker] | None = None
) -> tuple[Evaluation, Path]:
    """Evaluate both sides into a new run folder; what was found, and the folder."""
    folder = run_folder.choose(request.output, request.case(find(request.model)))
    with run_folder.kept_log(folder, UNFINISHED):
        return _evaluated(request, folder, progress, workers), folder


def resume(
    folder: Path,
    progress: Progress,
    workers: Mapping[str, Worker] | None = None,
    **named: Any,
) -> tuple[Evaluation, Path]:
    """Go on with an evaluation that was broken off; a pair of one's own and paths are `named` again."""
    before, source = Unfinished.load(folder), str(folder / UNFINISHED)
    request = EvaluateRequest.from_dict(before.request, source).named_again(named, source)
    return _evaluated(request, folder, progress, workers, before), folder


def _evaluated(
    request: EvaluateRequest,
    folder: Path,
    progress: Progress,
    workers: Mapping[str, Worker] | None,
    before: Unfinished | None = None,
) -> Evaluation:
    progress.event("run", "folder", path=str(folder))
    with (
        scratch() as place,
        evaluating(request, place, folder / run_folder.LOGS, progress, workers) as live,
    ):
        live.build()
        found = _found(live, see_samples(live, folder, before))
        draw_samples(live, found.samples, folder, request.pictures)
    keep(found, folder)
    (folder / UNFINISHED).unlink(missing_ok=True)
    return found


def keep(found: Evaluation, folder: Path) -> None:
    """Write what an evaluation leaves behind."""
    found.save(folder / NAME)
    reports.write_evaluation(found, folder, folder / "evaluation.html")
    files.write_file(folder / "evaluation.md", markdown(found))
    files.write_file(folder / "samples.csv", csv(found))


def _found(live: Evaluating, taken: Seen) -> Evaluation:
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
