"""Why a forced step is wrong: each hypothesis is tried on the reference and kept if it makes the port's step."""

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
_ALIKE = 1e-3
_STEP_KINDS = ("sum", "update", "optimizer", "ema")


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
    shifts = [*range(1, _LATEST + 1), live.plan.length.steps]
    lags = [lag for shift in shifts for lag in (shift, -shift) if live.uses(number, lag).groups != now]
    yield from changes(live.plan.recipe, setup.groups, wrong, lags)
    if (factor := _common_factor(files, rows)) is not None:
        yield f"the learning rate is taken {factor:.4g} times", Change(rate=factor)
        yield f"gradients are multiplied by {factor:.4g}", Change(gradient=factor)
    if (factor := _of_moments(files, rows)) is not None:
        yield f"gradients are multiplied by {factor:.4g}", Change(gradient=factor)
    if (keeps := _kept_share(files, rows)) is not None:
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


def _factor(files: StepFiles, rows: list[Row], kind: str) -> float | None:
    """The one number that makes the port's wrong tensors of the reference's."""
    found = []
    with Trace.open(files.steps) as ours, Trace.open(files.port_steps) as its:
        for row in rows:
            if row.address.startswith(kind) or row.address.endswith(kind):
                left, right = ours.array(row.address), its.array(row.address)
                if left is None or right is None or not np.any(left):
                    continue
                found.append(float(np.vdot(left, right) / np.vdot(left, left)))
    if not found:
        return None
    middle = float(np.median(found))
    return middle if middle > 0 and abs(middle - 1) > _ALIKE * 0.1 else None


def _common_factor(files: StepFiles, rows: list[Row]) -> float | None:
    return _factor(files, rows, "update:")


def _of_moments(files: StepFiles, rows: list[Row]) -> float | None:
    """The factor of gradients, as the second moment tells it after the first step."""
    squared = _factor(files, rows, ".exp_avg_sq")
    return None if squared is None else float(np.sqrt(squared))


def _kept_share(files: StepFiles, rows: list[Row]) -> float | None:
    """What the port's average keeps of itself: the share of the way that it did not go."""
    shares = []
    with (
        Trace.open(files.memory) as before,
        Trace.open(files.steps) as ours,
        Trace.open(files.port_steps) as its,
    ):
        for row in rows:
            if not row.address.startswith("ema:"):
                continue
            old, right, port = (trace.array(row.address) for trace in (before, ours, its))
            if old is None or right is None or port is None:
                continue
            way, gone = np.subtract(right, old, dtype=np.float64), np.subtract(port, old, dtype=np.float64)
            if np.any(way):
                shares.append((float(np.vdot(way, gone) / np.vdot(way, way)), float(np.vdot(way, way))))
    if not shares:
        return None
    return max(shares, key=lambda share: share[1])[0]


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
                ways.append((np.subtract(left, old), np.subtract(right, old)))
    return _one_factor(ways)


def _one_factor(pairs: list[tuple[NDArray[Any], NDArray[Any]]]) -> float | None:
    """The factor that makes each second tensor of the first, if there is one for all."""
    if not pairs:
        return None
    left = np.concatenate([np.asarray(a, np.float64).reshape(-1) for a, _ in pairs])
    right = np.concatenate([np.asarray(b, np.float64).reshape(-1) for _, b in pairs])
    size = float(left @ left)
    if size == 0:
        return None
    factor = float(left @ right) / size
    apart = float(np.linalg.norm(right - factor * left))
    return factor if apart <= _ALIKE * abs(factor) * np.sqrt(size) and abs(factor - 1) > _ALIKE else None
