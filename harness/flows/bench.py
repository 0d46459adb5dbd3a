"""`align bench`: speed and memory of both sides, row by row."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from harness import pairs
from harness.answers import Identity
from harness.bench.baseline import Expected
from harness.bench.layers import LayerTable
from harness.bench.machine import this_machine
from harness.bench.result import Bench, BenchRow, Contestant, Figures, IdleSwitch, LargestBatch
from harness.case import SIDES, Case
from harness.environment.device import device_for
from harness.flows import inputs_and_weights, refused_early
from harness.flows.bench_jobs import Job, Plan, sides_alone, with_switches
from harness.flows.bench_layers import layer_table
from harness.flows.bench_metric import metric_of
from harness.flows.bench_request import BenchRequest
from harness.flows.bench_row import MeasuredRow
from harness.flows.bench_subject import Subject, subject
from harness.flows.largest_batch import largest_batch
from harness.pairs.base import Pair
from harness.progress import Progress
from harness.session import ModelFailed


@dataclass
class _Found:
    """What a measurement has found so far."""

    rows: list[BenchRow] = field(default_factory=list)
    idle: list[IdleSwitch] = field(default_factory=list)
    largest: list[LargestBatch] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)
    layers: list[LayerTable] = field(default_factory=list)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    device_name: str = ""
    metrics: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)


def bench(
    request: BenchRequest, progress: Progress, plan: Plan | None = None, baseline: Bench | None = None
) -> Bench:
    """Measure every row that is asked for; a `baseline` of something else is refused before."""
    pair = pairs.find(request.model)
    request.check(pair)
    refused_early.require_modules(pair)
    inputs_and_weights.require_readable(pair, request.weights)
    rows_of = plan or (with_switches if request.ablate else sides_alone)
    cases = list(request.cases(pair))
    expected = Expected(baseline)
    if baseline is not None:
        _require_same(expected, request, pair, rows_of)
    measuring = _Measuring(request, pair, progress, expected)
    for case in cases:
        measuring.measure(case, rows_of)
    if request.memory is not None:
        measuring.find_largest(request.memory)
    return measuring.bench(cases[0])


def _require_same(expected: Expected, request: BenchRequest, pair: Pair, rows_of: Plan) -> None:
    """Refuse a baseline by all that is known before a worker starts."""
    device = device_for(request.device).device
    expected.require_case(pair.name, pair.variant(request.variant).name, device, this_machine(""))
    for case in request.cases(pair):
        batch = next(iter(pair.inputs(case.request(pair)).values())).shape[0]
        for job in rows_of(case)[0]:
            expected.require_row(row_key(case, batch, job))


def row_key(case: Case, batch: int, job: Job) -> str:
    """The name that a row will have."""
    return BenchRow.name(case.mode, batch, case.size, job.first, job.second)


class _Measuring:
    """Measures case by case."""

    def __init__(self, request: BenchRequest, pair: Pair, progress: Progress, expected: Expected) -> None:
        self.request, self.pair, self.progress, self.expected = request, pair, progress, expected
        self.found = _Found()

    def measure(self, case: Case, rows_of: Plan) -> None:
        """All rows of a case, and its layers where they are asked for."""
        jobs, idle = rows_of(case)
        self.found.idle += [switch for switch in idle if switch not in self.found.idle]
        with subject(self.pair, case, self.request.timeout, self._meet) as one:
            for job in jobs:
                self._row(one, job)
            if self.request.layers:
                self.found.layers.append(layer_table(one, self.request.seconds, self.progress))

    def _meet(self, identity: Identity) -> None:
        self.found.versions[identity.side] = identity.versions
        self.found.device_name = self.found.device_name or identity.device_name
        self.expected.require_worker(identity.side, identity.versions, self.found.device_name)

    def _row(self, one: Subject, job: Job) -> None:
        key = row_key(one.case, one.batch, job)
        measured = MeasuredRow(
            self.request,
            one,
            job,
            self.progress,
            lambda label, found: self.expected.require_settings(key, label, found),
        )
        try:
            row = measured.row()
        except ModelFailed as error:
            if not job.second.switches:
                raise
            why = f"fails here: {str(error).partition('. ')[0]}"
            self.found.idle.append(IdleSwitch(job.second.side, " + ".join(job.second.switches), why))
            return
        if self.request.metric and not one.case.trains:
            row = replace(
                row, first=self._rated(one, row, job.first), second=self._rated(one, row, job.second)
            )
        self.found.rows.append(row)
        self.found.unequal += [words for words in measured.unequal if words not in self.found.unequal]

    def _rated(self, one: Subject, row: BenchRow, contestant: Contestant) -> Figures:
        figures = row.first if contestant == row.first.contestant else row.second
        key = (str(one.batch), contestant.label)
        if key not in self.found.metrics:
            self.progress.event(contestant.label, "state", text="taking its metric")
            self.found.metrics[key] = metric_of(self.request, one, contestant)
        return replace(figures, metric=self.found.metrics[key])

    def find_largest(self, limit: int) -> None:
        """The largest batch of each side and mode."""
        for case in replace(self.request, batches=()).cases(self.pair):
            self.found.largest += [
                largest_batch(self.pair, case, side, limit, self.request.timeout, self.progress)
                for side in SIDES
            ]

    def bench(self, case: Case) -> Bench:
        """All that was found."""
        found = self.found
        return Bench(
            model=self.pair.name,
            variant=case.variant,
            device=case.device,
            date=time.strftime("%Y-%m-%d"),
            machine=this_machine(found.device_name),
            versions=found.versions,
            rows=found.rows,
            idle=found.idle,
            largest=found.largest,
            unequal=found.unequal,
            layers=found.layers,
            data=str(self.request.data or "synthetic") if self.request.metric else "",
        )
