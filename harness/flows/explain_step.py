"""Why a step is wrong: hypotheses are tried on the reference and kept if they make what the port made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.alignment_rows import Row
from harness.case import PORT, REFERENCE
from harness.diagnose.passes import Wrong, cause_of_pass
from harness.diagnose.steps import common_of_step
from harness.flows.forced_steps import JudgedStep, StepFiles, optimizer_step
from harness.flows.formula_of_step import cause_of_formula
from harness.flows.lockstep import Lockstep
from harness.flows.momentum_of_norms import cause_of_momenta
from harness.flows.reproduced_step import reproduces
from harness.flows.step_hypotheses import array_of, factor_of_updates, hypotheses, parameter_of
from harness.flows.step_passes import JudgedPass
from harness.flows.two_causes_of_step import cause_of_two_changes
from harness.trace import Trace
from harness.training.change import Change


def explain_step(live: Lockstep, number: int, batch: Path, files: StepFiles, judged: JudgedStep) -> str:
    """The cause in a sentence; empty where none of the hypotheses makes the port's step."""
    wrong = [row for row in judged.of_pass.rows if row.verdict.status == "diverged"]
    if wrong:
        common = _of_pass(live, wrong, files)
        return common or cause_of_momenta(live, number, batch, files, wrong, judged.of_pass.rows)
    return explain_passes(live, [JudgedPass(number, judged.of_step, files)])


def explain_passes(live: Lockstep, passes: Sequence[JudgedPass]) -> str:
    """The same for the steps of several passes: one cause must make them all, those that are right too."""
    first = next((one for one in passes if one.wrong), None)
    if first is None:
        return ""
    live.progress.event(REFERENCE, "state", text="trying hypotheses")
    others = [one for one in passes if one is not first]
    tried = 0
    path = live.scratch.file("forced-tried.h5")
    for words, change in hypotheses(
        live, first.number, first.files, first.wrong, [one.number for one in others]
    ):
        tried += 1
        optimizer_step(live, first.number, first.files, path, change=change)
        if _makes_it(path, first) and all(_is_made(live, one, path, change) for one in others):
            return f"{PORT}'s step is the reference's where {words} ({tried} hypotheses tried)."
    if words := cause_of_formula(live, [first, *others]):
        return f"{PORT}'s step is the reference's where {words}."
    if words := cause_of_two_changes(live, [first, *others]):
        return f"{PORT}'s step is the reference's where {words}."
    return (
        _of_another_schedule(live, passes, path)
        or _in_common(live, first)
        or f"none of {tried} hypotheses makes {PORT}'s step."
    )


def _of_another_schedule(live: Lockstep, passes: Sequence[JudgedPass], path: Path) -> str:
    """Each pass has a rate of its own: in each, one factor is fitted to all updates and makes them."""
    factors: dict[int, float] = {}
    for one in passes:
        factor = factor_of_updates(one.files, one.wrong) if one.wrong else 1.0
        if factor <= 0 or not _is_made(live, one, path, Change(rate=factor)):
            return ""
        factors[one.number] = factor
    if len(set(factors.values())) == 1:
        return ""
    said = ", ".join(
        f"{factors[one.number]:.6g} times the recipe's in pass {one.number}" for one in passes if one.wrong
    )
    return f"the learning rate follows another schedule: fitted, it is {said}."


def _is_made(live: Lockstep, one: JudgedPass, path: Path, change: Change) -> bool:
    optimizer_step(live, one.number, one.files, path, change=change)
    return _makes_it(path, one)


def _makes_it(trial: Path, judged: JudgedPass) -> bool:
    """Whether a trial ends where the port did, at every address."""
    with Trace.open(trial) as ours, Trace.open(judged.files.port_steps) as its:
        return all(
            reproduces(array_of(ours, row.address), array_of(its, row.address), row)
            for row in judged.alignment.rows
        )


def _of_pass(live: Lockstep, wrong: list[Row], files: StepFiles) -> str:
    """What all wrong losses, gradients and buffers have in common."""
    with (
        Trace.open(files.memory) as before,
        Trace.open(files.reference) as ours,
        Trace.open(files.port) as its,
    ):
        found = []
        for row in wrong:
            right = array_of(ours, row.address)
            if right is None:  # the port has what the reference has not
                return ""
            port, start = array_of(its, row.address), array_of(before, row.address)
            noise = row.measured.noise_l2 if row.measured is not None else None
            found.append(Wrong(row.address, right, port, start, noise or 0.0))
        return cause_of_pass(found, live.momenta(), live.plan.length.batch)


def _in_common(live: Lockstep, judged: JudgedPass) -> str:
    """What the wrong tensors of the optimiser's step have in common."""
    files = judged.files
    with (
        Trace.open(files.memory) as before,
        Trace.open(files.steps) as ours,
        Trace.open(files.port_steps) as its,
    ):
        found, values = [], {}
        for row in judged.wrong:
            right, value = array_of(ours, row.address), array_of(before, f"state:{parameter_of(row.address)}")
            if right is None:
                return ""
            if value is not None:
                values[parameter_of(row.address)] = value
            found.append(Wrong(row.address, right, array_of(its, row.address), array_of(before, row.address)))
    return common_of_step(found, values, live.unclaimed)
