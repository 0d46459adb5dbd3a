"""Forced steps: the port takes one step from all that the reference remembers, and each part is judged.

Losses, gradients and buffers are judged against the float64 run of the same pass. What the optimiser makes of
the gradients is judged apart: the reference's optimiser takes the step once more with the port's own
gradients. So the rounding of gradients, which an Adam makes as large as the rate, is no part of it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness import comparing
from harness.alignment import Alignment
from harness.alignment_rows import Row
from harness.answers import Times
from harness.case import PORT, REFERENCE, SIDES
from harness.flows import float64_cache
from harness.flows.lockstep import Lockstep
from harness.flows.optimiser_steps import STEP_POLICY, write_truth
from harness.flows.together import together
from harness.requests import ForcedStep, MeasurePass, OptimizerStep
from harness.trace import Trace
from harness.training.change import Change
from harness.training.records import Forced, ForcedRow
from harness.training.stream import Batch
from harness.verdict import WEAK_ABOVE, NoisePolicy

SECOND_LOOK = 4  # times as many runs of the reference
_SHOWN = 8
_NO_TIME = Times(0.0, 0.0)


@dataclass(frozen=True)
class StepFiles:
    """Where a forced step keeps what it needs."""

    memory: Path
    reference: Path
    port: Path
    truth: Path
    port_steps: Path
    steps: Path
    exact_steps: Path
    steps_truth: Path


@dataclass(frozen=True)
class JudgedStep:
    """A forced step with the rows of its two judgements, and what its float64 pass took."""

    forced: Forced
    of_pass: Alignment
    of_step: Alignment
    truth: Times = _NO_TIME


def step_files(live: Lockstep, mark: str = "") -> StepFiles:
    """New files for a forced step; a `mark` in their names keeps them apart from those of other steps."""
    return StepFiles(
        *(live.scratch.file(f"forced-{name}{mark}.h5") for name in StepFiles.__dataclass_fields__)
    )


def forced_step(live: Lockstep, batch: Batch, number: int, files: StepFiles) -> JudgedStep:
    """Judge the step that the reference has just taken, with its memory before it in `files.memory`.

    A pass that diverges is looked at once more, beside more runs of the reference: now and then rounding is
    made a thousand times as large, in one run of many, as where a norm has few values.
    """
    live.progress.event(PORT, "state", text=f"forced step {number}")

    def take(side: str) -> Times:
        if side == PORT:
            port_step(live, batch.path, number, files, live.request.planted.lag)
            return _NO_TIME
        return _measure(live, batch, number, files)

    exact = together(live.workers, SIDES, take)[REFERENCE]
    judged = judge_step(live, number, files)
    if judged.of_pass.verdict == "diverged":
        again = _measure(live, batch, number, files, times=SECOND_LOOK)
        exact = Times(exact.wall + again.wall, exact.cpu + again.cpu)
        judged = judge_step(live, number, files)
    return dataclasses.replace(judged, truth=exact)


def _measure(live: Lockstep, batch: Batch, number: int, files: StepFiles, times: int = 1) -> Times:
    files.truth.unlink(missing_ok=True)
    request = MeasurePass(
        memory=str(files.memory),
        batch=str(batch.path),
        uses=live.uses(number),
        reference=str(files.reference),
        path=str(files.truth),
        scratch=str(live.scratch.folder),
        samples=float64_cache.SAMPLES,
        times=times,
    )
    return live.workers[REFERENCE].call(request)


def port_step(live: Lockstep, batch: Path, number: int, files: StepFiles, late: int = 0) -> None:
    """Let the port take one step from what the reference remembers."""
    for path in (files.port, files.port_steps):
        path.unlink(missing_ok=True)
    memory, uses = str(files.memory), live.uses(number, late)
    live.workers[PORT].call(ForcedStep(memory, str(batch), uses, str(files.port), str(files.port_steps)))


def judge_step(live: Lockstep, number: int, files: StepFiles) -> JudgedStep:
    """Judge the step that the port has taken, once the truth of the pass is known."""
    optimizer_step(live, number, files, files.steps)
    optimizer_step(live, number, files, files.exact_steps, dtype="float64")
    files.steps_truth.unlink(missing_ok=True)
    write_truth(files.steps, files.exact_steps, files.steps_truth)
    overrides = tuple(live.pair.overrides(live.pair.variant(live.case.variant), live.case.mode))
    with Trace.open(files.reference) as ours, Trace.open(files.port) as its, Trace.open(files.truth) as truth:
        of_pass = comparing.compare(ours, its, truth, NoisePolicy(), overrides, names=SIDES)
    of_step = compare_step_files(files)
    return JudgedStep(_forced(live, number, of_pass, of_step), of_pass, of_step)


def optimizer_step(
    live: Lockstep,
    number: int,
    files: StepFiles,
    path: Path,
    dtype: str = "float32",
    change: Change | None = None,
    gradients: Path | None = None,
) -> None:
    """Let the reference's optimiser take the step with the port's gradients, or those of another file."""
    path.unlink(missing_ok=True)
    change = change or Change()
    uses, memory, given = live.uses(number, change.lag), str(files.memory), str(gradients or files.port)
    live.workers[REFERENCE].call(OptimizerStep(memory, given, uses, str(path), dtype, change))


def compare_step_files(files: StepFiles) -> Alignment:
    """Judge what the port's optimiser made, against the reference's own step and its float64 truth."""
    with (
        Trace.open(files.steps) as ours,
        Trace.open(files.port_steps) as its,
        Trace.open(files.steps_truth) as truth,
    ):
        return comparing.compare(ours, its, truth, STEP_POLICY, names=SIDES)


def _forced(live: Lockstep, number: int, of_pass: Alignment, of_step: Alignment) -> Forced:
    rows = [*of_pass.rows, *of_step.rows]
    wrong = [row for row in rows if row.verdict.status == "diverged"]
    judged = sum(row.verdict.status in ("aligned", "diverged", "inconclusive") for row in rows)
    decided = len(_decided(of_pass)) + len(_decided(of_step))
    event = live.plan.events.get(number, "")
    cause = ""
    first = next(iter([one.first for one in (of_pass, of_step) if one.first is not None]), None)
    if wrong:
        verdict, sentence = "diverged", f"{len(wrong)} of {judged} diverged, first at {first}"
    elif unsure := next((one for one in (of_pass, of_step) if one.verdict == "inconclusive"), None):
        verdict, sentence = "inconclusive", f"{unsure.sentence} {decided} of {judged} were decided."
        cause = why_undecided(unsure)
    else:
        verdict, sentence = "aligned", f"all {judged} aligned"
    shown = _shown(wrong or rows)
    return Forced(number, event, verdict, judged, shown, sentence, cause, decided)  # type: ignore[arg-type]


def why_undecided(unsure: Alignment) -> str:
    """The cause in a sentence where it is rounding; else the sentence of the alignment says what it is."""
    drowned, compared = len(unsure.coverage.weak), sum(unsure.coverage.compared.values())
    if not drowned:
        return ""
    return (
        f"float32 rounds too coarsely for this step: the reference's own noise is above {WEAK_ABOVE:.0%} "
        f"in {drowned} of {compared} tensors. Norms over few values do that; "
        "try a larger --batch or --input-size, or trained --weights."
    )


def _decided(alignment: Alignment) -> set[str]:
    """The tensors with a verdict that no noise could have hidden."""
    sure = {row.address for row in alignment.rows if row.verdict.status in ("aligned", "diverged")}
    return sure - set(alignment.coverage.weak)


def _shown(rows: Iterable[Row]) -> list[ForcedRow]:
    """The rows with the largest ratios."""
    judged = [row for row in rows if row.verdict.ratio is not None or row.verdict.status == "diverged"]
    worst = sorted(judged, key=_badness, reverse=True)[:_SHOWN]
    return [ForcedRow(r.address, r.verdict.status, r.verdict.ratio, r.verdict.reason) for r in worst]


def _badness(row: Row) -> float:
    return math.inf if row.verdict.ratio is None else row.verdict.ratio
