"""What of a result is held against another of its kind: rows with a verdict, a figure, or both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.alignment import Alignment
from harness.bench.result import Bench, BenchRow
from harness.evaluating.result import Evaluation
from harness.figures import ratio, scientific
from harness.language import tr
from harness.training.log import Training
from harness.training.records import Epoch, Forced
from reports import bench, evaluation, summaries, training_overview, words
from reports.training_facts import judged as free_runs
from reports.training_facts import steps, verdict

Result = Alignment | Training | Evaluation | Bench

ERRORS = 2.0
"""The factor from which an error or a ratio drifts."""
METRICS = 1.01
"""The same for losses and metrics that have no limit of their own."""
MEMORY = 1.1
_FREE = {"chaos": "aligned", "suspect": "diverged", "inconclusive": "inconclusive"}


@dataclass(frozen=True)
class Judged:
    """One row. Its figure drifts where it changes by `factor`, or beyond the interval of `rounds`."""

    name: str
    status: str = ""
    figure: float | None = None
    measure: str = ""
    factor: float = ERRORS
    rounds: tuple[float, ...] = ()
    form: Callable[[float | None], str] = words.figure

    @property
    def shown(self) -> str:
        """The figure as text."""
        return self.form(self.figure)


@dataclass(frozen=True)
class Held:
    """A result as rows, what it is called, and in words from where on its figures drift."""

    subject: str
    drift: str
    rows: list[Judged]


def held(result: Result) -> Held:
    """What a result has to be held against another."""
    if isinstance(result, Alignment):
        drift = tr("Drift: the error changed by more than a factor of 2")
        return Held(_alignment_subject(result), drift, list(_alignment(result)))
    if isinstance(result, Training):
        drift = tr("Drift: ratios changed by more than a factor of 2, losses and metrics by more than 1 %")
        subject = f"{training_overview.subject(result)}, {tr(verdict(result))}"
        return Held(subject, drift, list(_training(result)))
    if isinstance(result, Evaluation):
        drift = tr("Drift: ratios changed by more than a factor of 2, metrics by more than their limit")
        return Held(f"{evaluation.subject(result)}, {tr(result.verdict)}", drift, list(_evaluation(result)))
    drift = tr("Drift: ratios of times changed beyond chance (99 %), memory by more than 10 %")
    return Held(bench.title(result), drift, list(_bench(result)))


def _alignment_subject(alignment: Alignment) -> str:
    case, date = alignment.case, alignment.provenance.date
    named = [str(case.get(key) or "") for key in ("pair", "variant", "mode", "device")]
    return ", ".join(filter(None, [*named, tr(alignment.verdict), date]))


def _alignment(alignment: Alignment) -> Iterator[Judged]:
    for row in alignment.rows:
        error, measure = summaries.error(row), tr("relative error")
        yield Judged(row.address, row.verdict.status, error, measure, form=scientific)


def _training(training: Training) -> Iterator[Judged]:
    yield Judged(tr("the whole training"), verdict(training))
    names = {"loss": tr("Gap in the loss"), "weights": tr("Distance of the weights")}
    for found in free_runs(training):
        yield Judged(names.get(found.what, found.what), _FREE.get(found.status, "inconclusive"))
    yield _findings(training)
    yield from map(_forced, training.forced)
    for step in steps(training)[-1:]:
        for side, of_side in step.sides.items():
            name = tr("last loss, {}").format(side)
            yield Judged(name, "", of_side.loss, tr("value"), METRICS)
    for epoch in training.epochs[-1:]:
        yield from _epoch(epoch)


def _findings(training: Training) -> Judged:
    number = len(training.findings)
    return Judged(tr("findings"), "diverged" if number else "aligned", float(number), tr("number"), 1.0)


def _forced(forced: Forced) -> Judged:
    name = tr("forced step {}").format(forced.step) + (f", {forced.event}" if forced.event else "")
    worst = forced.rows[0].ratio if forced.rows else None
    return Judged(name, forced.verdict, worst, tr("of limit"), form=ratio)


def _epoch(epoch: Epoch) -> Iterator[Judged]:
    for side, figures in epoch.metrics.items():
        for name, value in figures.items():
            last = tr("{} of the last epoch, {}").format(name, side)
            yield Judged(last, "", value, tr("value"), METRICS)


def _evaluation(found: Evaluation) -> Iterator[Judged]:
    yield Judged(tr("the whole evaluation"), found.verdict)
    for row in found.metrics:
        yield Judged(row.name, row.status)
        for side, value in (("torch", row.reference), ("jittor", row.port)):
            yield Judged(f"{row.name}, {side}", "", value, tr("value"), 1 + row.limit)
    for sample in found.samples:
        name = f"{tr('sample')} {sample.name}"
        yield Judged(name, sample.status or "", sample.ratio, tr("of limit"), form=ratio)


def _bench(result: Bench) -> Iterator[Judged]:
    for row in result.rows:
        found, measure = row.ratio, tr("ratio of times")
        yield Judged(row.key, found.verdict, found.value, measure, rounds=tuple(row.rounds))
        yield from _memory(row)
    for one in result.largest:
        name = tr("largest batch, {}, {}").format(one.side, one.mode)
        yield Judged(name, "", bench.finite(one.batch), tr("number"), 1.0)


def _memory(row: BenchRow) -> Iterator[Judged]:
    for one in (row.first, row.second):
        peak = one.memory.peak
        if peak is not None:
            name = tr("{}: peak of memory, {}").format(row.key, one.contestant.label)
            yield Judged(name, "", bench.finite(peak) / (1 << 20), "MiB", MEMORY)
