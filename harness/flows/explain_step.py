"""Why a forced step is wrong: hypotheses are tried on the reference and kept if they make the step."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.alignment_rows import Row
from harness.case import PORT, REFERENCE
from harness.diagnose.factors import ALIKE, NEAR, apart, one_factor, slope
from harness.diagnose.passes import Wrong, cause_of_pass
from harness.diagnose.steps import common_of_step
from harness.diagnose.training import changes
from harness.flows.forced_steps import JudgedStep, StepFiles, optimizer_step
from harness.flows.lockstep import Lockstep
from harness.flows.optimiser_steps import STEP_POLICY
from harness.numerics import difference
from harness.trace import Trace
from harness.training.change import Change
from harness.verdict import allowances

_LATEST, _LONG_AGO = 3, 1_000_000
_LINEAR = (".exp_avg", ".momentum_buffer")


def explain_step(live: Lockstep, number: int, files: StepFiles, judged: JudgedStep) -> str:
    """The cause in a sentence; empty where none of the hypotheses makes the port's step."""
    wrong = [row for row in judged.of_pass.rows if row.verdict.status == "diverged"]
    if wrong:
        return _of_pass(live, wrong, files)
    rows = [row for row in judged.of_step.rows if row.verdict.status == "diverged"]
    if not rows:
        return ""
    live.progress.event(REFERENCE, "state", text="trying hypotheses")
    tried = 0
    path = live.scratch.file("forced-tried.h5")
    for words, change in _hypotheses(live, number, files, rows):
        tried += 1
        optimizer_step(live, number, files, path, change=change)
        if _makes_it(path, files.port_steps, judged.of_step.rows):
            return f"{PORT}'s step is the reference's where {words} ({tried} hypotheses tried)."
    return _in_common(live, files, rows) or f"none of {tried} hypotheses makes {PORT}'s step."


def _hypotheses(
    live: Lockstep, number: int, files: StepFiles, rows: list[Row]
) -> Iterator[tuple[str, Change]]:
    setup = live.setup()
    wrong = list(dict.fromkeys(_parameter(row.address) for row in rows if not row.address.startswith("ema:")))
    yield from changes(live.plan.recipe, setup.groups, wrong, _lags(live, number))
    if (factor := _common_factor(files, rows)) is not None:
        touched = [name for name, members in setup.groups.items() if set(members) & set(wrong)]
        where = "" if len(touched) == len(setup.groups) else f" in the group {' and '.join(touched)}"
        yield f"the learning rate is taken {factor:.4g} times{where}", Change(rate=factor, groups=touched)
    if (factor := _of_gradients_learned(live, number, files, rows)) is not None:
        yield f"gradients are multiplied by {factor:.4g}", Change(gradient=factor)
    if (norm := _clipped_norm(live, number, files, rows)) is not None:
        yield f"gradients are clipped to a norm of {norm:.4g}", Change(clip=norm)
    if (keeps := _kept_share(live, number, files, rows)) is not None:
        yield f"the averaged weights keep {keeps:.6g} of themselves", Change(keeps=keeps)


def _lags(live: Lockstep, number: int) -> dict[int, str]:
    """The lags that make a difference at a step; those that make the same one are named together."""
    near = [lag for shift in range(1, _LATEST + 1) for lag in (shift, -shift)]
    words = {lag: f"come {abs(lag)} steps {'late' if lag > 0 else 'early'}" for lag in near}
    words[live.plan.length.steps] = f"come {live.plan.length.steps} steps late"
    words[_LONG_AGO] = "stay as in the first step"
    found: dict[int, str] = {}
    for lag, said in words.items():
        groups = live.uses(number, lag).groups
        same = next((one for one in found if live.uses(number, one).groups == groups), None)
        if same is not None:
            found[same] += f" or {said}"
        elif groups != live.uses(number).groups:
            found[lag] = said
    return found


def _parameter(address: str) -> str:
    kind, _, name = address.partition(":")
    return name.rpartition(".")[0] if kind == "optimizer" else name


def _makes_it(trial: Path, port: Path, rows: list[Row]) -> bool:
    """Whether a trial ends where the port did, at every address."""
    with Trace.open(trial) as ours, Trace.open(port) as its:
        return all(_reproduced(ours, its, row) for row in rows)


def _reproduced(ours: Trace, its: Trace, row: Row) -> bool:
    if (row.address in ours.records) != (row.address in its.records):
        return False
    if row.address not in ours.records:
        return True
    left, right = ours.array(row.address), its.array(row.address)
    assert left is not None
    assert right is not None
    found = difference(left.reshape(-1), right.reshape(-1))
    if row.measured is None or row.measured.integer:
        return found.max_abs <= ALIKE * found.reference_absmax
    if not row.measured.truth_l2:  # it stays as it is on the reference, and moves on the port
        return found.l2 <= ALIKE * found.reference_l2
    allowed = 2 * allowances(dataclasses.replace(row.measured, error_samples=0), STEP_POLICY)[0]
    return found.l2 <= allowed * max(1.0, found.reference_l2 / row.measured.truth_l2)


def _common_factor(files: StepFiles, rows: list[Row]) -> float | None:
    """The one number that makes the port's wrong updates of the reference's."""
    found = []
    with Trace.open(files.steps) as ours, Trace.open(files.port_steps) as its:
        for row in (one for one in rows if one.address.startswith("update:")):
            left, right = _array(ours, row.address), _array(its, row.address)
            if left is not None and right is not None and np.any(left):
                found.append(slope(left, right))
    middle = float(np.median(found)) if found else 0.0
    return middle if middle > 0 and abs(middle - 1) > NEAR else None


def _of_gradients_learned(live: Lockstep, number: int, files: StepFiles, rows: list[Row]) -> float | None:
    """By what gradients are multiplied, seen from what is linear in them: sums and first moments."""
    share = _share_of(Change(gradient=2.0), live, number, files, rows)
    return None if share is None else 1 + share


def _clipped_norm(live: Lockstep, number: int, files: StepFiles, rows: list[Row]) -> float | None:
    """To what norm the port clips its gradients, seen from the same."""
    with Trace.open(files.port) as passed, Trace.open(files.memory) as memory:
        total = 0.0
        for name in (name for members in live.setup().groups.values() for name in members):
            parts = [_array(passed, f"grad:{name}"), _array(memory, f"sum:{name}")]
            total += float(np.linalg.norm(sum(part for part in parts if part is not None))) ** 2
    norm = min(math.sqrt(total), live.plan.recipe.clip or math.inf)
    share = _share_of(Change(clip=norm / 2), live, number, files, rows) if norm else None
    return None if share is None or share >= 2 else norm * (1 - share / 2)


def _share_of(change: Change, live: Lockstep, number: int, files: StepFiles, rows: list[Row]) -> float | None:
    """How much of what a change makes of sums and first moments the port has made of them."""
    linear = [row.address for row in rows if row.address.startswith("sum:") or row.address.endswith(_LINEAR)]
    if not linear:
        return None
    path = live.scratch.file("forced-changed.h5")
    optimizer_step(live, number, files, path, change=change)
    ways = []
    with (
        Trace.open(files.steps) as ours,
        Trace.open(path) as changed,
        Trace.open(files.port_steps) as its,
    ):
        for address in linear:
            one, other, port = (_array(trace, address) for trace in (ours, changed, its))
            if one is not None and other is not None and port is not None:
                ways.append((apart(other, one), apart(port, one)))
    return one_factor(ways)


def _kept_share(live: Lockstep, number: int, files: StepFiles, rows: list[Row]) -> float | None:
    """What the port's average keeps of itself: the share of the way that it did not go."""
    keeps, ways = live.uses(number).keeps, []
    if keeps is None:
        return None
    with (
        Trace.open(files.memory) as before,
        Trace.open(files.steps) as ours,
        Trace.open(files.port_steps) as its,
    ):
        for row in rows:
            if row.address.startswith("ema:"):
                old, right, port = (_array(trace, row.address) for trace in (before, ours, its))
                if old is not None and right is not None and port is not None:
                    ways.append((apart(right, old), apart(port, old)))
    share = one_factor(ways)
    return None if share is None else 1 - share * (1 - keeps)


def _of_pass(live: Lockstep, wrong: list[Row], files: StepFiles) -> str:
    """What all wrong losses, gradients and buffers have in common."""
    with (
        Trace.open(files.memory) as before,
        Trace.open(files.reference) as ours,
        Trace.open(files.port) as its,
    ):
        found = []
        for row in wrong:
            right = _array(ours, row.address)
            if right is None:  # the port has what the reference has not
                return ""
            port, start = _array(its, row.address), _array(before, row.address)
            noise = row.measured.noise_l2 if row.measured is not None else None
            found.append(Wrong(row.address, right, port, start, noise or 0.0))
        return cause_of_pass(found, live.momenta(), live.plan.length.batch)


def _in_common(live: Lockstep, files: StepFiles, rows: list[Row]) -> str:
    """What the wrong tensors of the optimiser's step have in common."""
    with (
        Trace.open(files.memory) as before,
        Trace.open(files.steps) as ours,
        Trace.open(files.port_steps) as its,
    ):
        found, values = [], {}
        for row in rows:
            right, value = _array(ours, row.address), _array(before, f"state:{_parameter(row.address)}")
            if right is None:
                return ""
            if value is not None:
                values[_parameter(row.address)] = value
            found.append(Wrong(row.address, right, _array(its, row.address), _array(before, row.address)))
    return common_of_step(found, values, live.unclaimed)


def _array(trace: Trace, address: str) -> NDArray[Any] | None:
    array = trace.array(address) if address in trace.records else None
    return None if array is None else np.array(array)
