"""Why a forced step is wrong: hypotheses are tried on the reference and kept if they make the step."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.alignment_rows import Row
from harness.case import PORT, REFERENCE
from harness.diagnose.training import changes
from harness.flows.forced_steps import Judged, StepFiles, optimizer_step
from harness.flows.lockstep import Lockstep
from harness.flows.optimiser_steps import STEP_POLICY
from harness.numerics import difference
from harness.trace import Trace
from harness.training.change import Change
from harness.verdict import allowances

_LATEST = 3
_ALIKE, _NEAR = 1e-3, 1e-4
_LINEAR = (".exp_avg", ".momentum_buffer")


def explain_step(live: Lockstep, number: int, files: StepFiles, judged: Judged) -> str:
    """The cause in a sentence; empty where none of the hypotheses makes the port's step."""
    wrong = [row for row in judged.of_pass.rows if row.verdict.status == "diverged"]
    if wrong:
        return _of_gradients(wrong, files)
    rows = [row for row in judged.of_step.rows if row.verdict.status == "diverged"]
    if not rows:
        return ""
    live.progress.event(REFERENCE, "state", text="trying hypotheses")
    tried = 0
    path = live.file("forced-tried.h5")
    for words, change in _hypotheses(live, number, files, rows):
        tried += 1
        optimizer_step(live, number, files, path, change=change)
        if _makes_it(path, files.port_steps, judged.of_step.rows):
            return f"{PORT}'s step is the reference's where {words} ({tried} hypotheses tried)."
    return f"none of {tried} hypotheses makes {PORT}'s step."


def _hypotheses(
    live: Lockstep, number: int, files: StepFiles, rows: list[Row]
) -> Iterator[tuple[str, Change]]:
    setup = live.setup()
    wrong = list(dict.fromkeys(_parameter(row.address) for row in rows if not row.address.startswith("ema:")))
    now = live.uses(number).groups
    near = [lag for shift in range(1, _LATEST + 1) for lag in (shift, -shift)]
    lags = [lag for lag in (*near, live.plan.length.steps) if live.uses(number, lag).groups != now]
    yield from changes(live.plan.recipe, setup.groups, wrong, lags)
    if (factor := _common_factor(files, rows)) is not None:
        yield f"the learning rate is taken {factor:.4g} times", Change(rate=factor)
    if (factor := _of_gradients_learned(live, number, files, rows)) is not None:
        yield f"gradients are multiplied by {factor:.4g}", Change(gradient=factor)
    if (keeps := _kept_share(live, number, files, rows)) is not None:
        yield f"the averaged weights keep {keeps:.6g} of themselves", Change(keeps=keeps)


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
    apart = difference(left.reshape(-1), right.reshape(-1))
    if row.measured is None or row.measured.integer:
        return apart.max_abs <= _ALIKE * apart.reference_absmax
    allowed = 2 * allowances(dataclasses.replace(row.measured, error_samples=0), STEP_POLICY)[0]
    grown = max(1.0, apart.reference_l2 / row.measured.truth_l2) if row.measured.truth_l2 else 1.0
    return apart.l2 <= allowed * grown


def _common_factor(files: StepFiles, rows: list[Row]) -> float | None:
    """The one number that makes the port's wrong updates of the reference's."""
    found = []
    with Trace.open(files.steps) as ours, Trace.open(files.port_steps) as its:
        for row in rows:
            left, right = ours.array(row.address), its.array(row.address)
            if row.address.startswith("update:") and left is not None and right is not None and np.any(left):
                found.append(_slope(left, right))
    middle = float(np.median(found)) if found else 0.0
    return middle if middle > 0 and abs(middle - 1) > _NEAR else None


def _of_gradients_learned(live: Lockstep, number: int, files: StepFiles, rows: list[Row]) -> float | None:
    """By what gradients are multiplied, told by what is linear in them: sums and first moments."""
    linear = [row.address for row in rows if row.address.startswith("sum:") or row.address.endswith(_LINEAR)]
    if not linear:
        return None
    path = live.file("forced-doubled.h5")
    optimizer_step(live, number, files, path, change=Change(gradient=2.0))
    ways = []
    with (
        Trace.open(files.steps) as ours,
        Trace.open(path) as doubled,
        Trace.open(files.port_steps) as its,
    ):
        for address in linear:
            one, two, port = (
                trace.array(address) if address in trace.records else None for trace in (ours, doubled, its)
            )
            if one is not None and two is not None and port is not None:
                ways.append((_apart(two, one), _apart(port, one)))
    slope = _one_factor(ways)
    return None if slope is None else 1 + slope


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
                old, right, port = (trace.array(row.address) for trace in (before, ours, its))
                if old is not None and right is not None and port is not None:
                    ways.append((_apart(right, old), _apart(port, old)))
    share = _one_factor(ways)
    return None if share is None else 1 - share * (1 - keeps)


def _apart(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    return np.subtract(left, right, dtype=np.float64)


def _slope(left: NDArray[Any], right: NDArray[Any]) -> float:
    ours, its = np.asarray(left, np.float64).reshape(-1), np.asarray(right, np.float64).reshape(-1)
    return float(ours @ its) / float(ours @ ours)


def _of_gradients(wrong: list[Row], files: StepFiles) -> str:
    """What all wrong gradients, or all wrong buffers, have in common."""
    kinds = {row.address.partition(":")[0] for row in wrong}
    if kinds <= {"grad", "loss"}:
        factor = _ratio(files, [row.address for row in wrong if row.address.startswith("grad:")])
        if factor is not None:
            return f"every gradient that is wrong is {factor:.6g} times the reference's: the loss is scaled."
    if kinds == {"state"}:
        factor = _buffer_ratio(files, [row.address for row in wrong])
        if factor is not None:
            return (
                f"running statistics go {factor:.6g} times as far as the reference's: "
                "the momentum of a norm differs by that."
            )
    return ""


def _ratio(files: StepFiles, addresses: list[str]) -> float | None:
    with Trace.open(files.reference) as ours, Trace.open(files.port) as its:
        pairs = [(ours.array(address), its.array(address)) for address in addresses]
    return _one_factor([(a, b) for a, b in pairs if a is not None and b is not None])


def _buffer_ratio(files: StepFiles, addresses: list[str]) -> float | None:
    with (
        Trace.open(files.memory) as before,
        Trace.open(files.reference) as ours,
        Trace.open(files.port) as its,
    ):
        ways = []
        for address in addresses:
            old, left, right = (trace.array(address) for trace in (before, ours, its))
            if old is not None and left is not None and right is not None:
                ways.append((_apart(left, old), _apart(right, old)))
    return _one_factor(ways)


def _one_factor(pairs: list[tuple[NDArray[Any], NDArray[Any]]]) -> float | None:
    """The factor that makes each second tensor of the first, if there is one for all."""
    if not pairs:
        return None
    left = np.concatenate([np.asarray(a, np.float64).reshape(-1) for a, _ in pairs])
    right = np.concatenate([np.asarray(b, np.float64).reshape(-1) for _, b in pairs])
    if not left.any():
        return None
    factor = _slope(left, right)
    apart, size = np.linalg.norm(right - factor * left), np.linalg.norm(left)
    return factor if apart <= _ALIKE * max(abs(factor), 1e-2) * size and abs(factor - 1) > _NEAR else None
