"""`align compare --mode step`: the optimiser's steps of both sides, judged as an alignment."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import reports
from harness import comparing
from harness.address import ROOT
from harness.alignment import Alignment
from harness.alignment_rows import Row, SideReport, Source
from harness.case import SIDES
from harness.coverage import Coverage
from harness.flows import run_folder
from harness.flows.lockstep import Lockstep, lockstep
from harness.flows.optimiser_steps import STEP_POLICY
from harness.flows.step_hypotheses import parameter_of
from harness.flows.step_passes import JudgedPass, judged_passes
from harness.flows.train_request import TrainRequest
from harness.pairs import find
from harness.pairs.base import Pair
from harness.pairs.recipe import PUBLISHED
from harness.progress import Progress
from harness.provenance import provenance
from harness.scratch import scratch
from harness.session import Worker
from harness.training.plan import Plan

TAG = "step"
OPTIMISER = "(optimiser)"


def compare_steps(
    request: TrainRequest, progress: Progress, workers: Mapping[str, Worker] | None = None
) -> Alignment:
    """Compare the steps and write the run's folder. `workers` are used instead of new ones, and live on."""
    pair = find(request.model)
    folder = run_folder.choose(request.output, request.case(pair))
    with run_folder.kept_if_done(folder):
        progress.event("run", "folder", path=str(folder))
        with stepping(request, folder / run_folder.LOGS, progress, workers) as live:
            alignment = alignment_of(live, [done(one) for one in judged_passes(live)])
        alignment.save(folder / "alignment.json")
        reports.write(alignment, folder / "report.html")
    return alignment


@contextlib.contextmanager
def stepping(
    request: TrainRequest, logs: Path, progress: Progress, workers: Mapping[str, Worker] | None = None
) -> Iterator[Lockstep]:
    """Both sides ready to step, over the whole published training.

    Its schedule is that of the recipe's own batch; a batch of that size is not needed to see a step. Nothing
    drops: only the reference takes passes.
    """
    pair = find(request.model)
    batch = request.batch or _drawn_batch(request, pair)
    asked = dataclasses.replace(request, recipe=PUBLISHED, batch=batch, loaders=0, dropout="off")
    with scratch() as place, lockstep(asked, place, logs, progress, lent=workers) as live:
        recipe = live.plan.recipe
        length = dataclasses.replace(live.plan.length, batch=request.batch or recipe.batch or batch)
        live.plan = Plan(recipe, length, request.lr)
        live.own = True
        live.build()
        live.begin()
        yield live


def _drawn_batch(request: TrainRequest, pair: Pair) -> int:
    drawn = pair.inputs(request.case(pair).request(pair))
    return int(next(iter(drawn.values())).shape[0])


def done(judged: JudgedPass) -> JudgedPass:
    """A pass whose files nobody needs any more."""
    for field in dataclasses.fields(judged.files):
        getattr(judged.files, field.name).unlink(missing_ok=True)
    return judged


def alignment_of(live: Lockstep, passes: Sequence[JudgedPass]) -> Alignment:
    """The steps of all passes as one alignment; an address ends with the number of its pass."""
    rows: list[Row] = []
    for one in passes:
        before = len(rows)
        rows += [_of_pass(row, one.number, before) for row in one.alignment.rows]
    upstream = live.pair.variant(live.case.variant).upstream
    alignment = Alignment(
        case={**live.case.to_dict(), "batch": live.request.batch, "tag": TAG},
        policy=STEP_POLICY.to_dict(),
        sides={side: _report(live.workers[side]) for side in SIDES},
        rows=rows,
        coverage=Coverage(unpaired=_unpaired(passes)),
        provenance=provenance(live.pair.title, f"{upstream.repo}@{upstream.commit}" if upstream else ""),
    )
    comparing.conclude(alignment, STEP_POLICY)
    alignment.sources = sources_of(passes)
    return alignment


def _of_pass(row: Row, number: int, before: int) -> Row:
    return dataclasses.replace(row, address=f"{row.address}#{number}", order=before + row.order, inputs=[])


def _report(worker: Worker) -> SideReport:
    found = worker.ready()
    return SideReport(versions=dict(found.versions), device=found.device)


def _unpaired(passes: Sequence[JudgedPass]) -> dict[str, list[str]]:
    return {
        side: [f"{name}#{one.number}" for one in passes for name in one.alignment.coverage.unpaired[side]]
        for side in SIDES
    }


def sources_of(passes: Sequence[JudgedPass]) -> list[Source]:
    """Where the first wrong step is made: the whole optimiser, or its handling of some layers."""
    first = next((one for one in passes if one.wrong), None)
    if first is None:
        return []
    parameters = {parameter_of(row.address) for row in first.alignment.rows}
    places: dict[str, Row] = {}
    for row in first.wrong:
        places.setdefault(parameter_of(row.address).rpartition(".")[0] or ROOT, row)
    wrong = {parameter_of(row.address) for row in first.wrong}
    if 2 * len(wrong) > len(parameters):
        places = {OPTIMISER: first.wrong[0]}
    return [
        Source(f"{row.address}#{first.number}", "state", [place], row.verdict.reason, row.verdict.ratio)
        for place, row in places.items()
    ]
