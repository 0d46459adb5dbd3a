"""Hypotheses about a forced step: changes of the recipe, and numbers that are read off the port's tensors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.alignment_rows import Row
from harness.diagnose.factors import NEAR, apart, common_factor, one_factor, slope
from harness.diagnose.training import changes
from harness.flows.forced_steps import StepFiles, optimizer_step
from harness.flows.lockstep import Lockstep
from harness.trace import Trace
from harness.training.change import Change

_LATEST, _LONG_AGO = 3, 1_000_000
_LINEAR = (".exp_avg", ".momentum_buffer")


def hypotheses(
    live: Lockstep, number: int, files: StepFiles, rows: list[Row], others: Sequence[int] = ()
) -> Iterator[tuple[str, Change]]:
    """Changes that may make the wrong rows of a step, each in words; `others` are passes known as well."""
    setup = live.setup()
    named = [parameter_of(row.address) for row in rows if not row.address.startswith("ema:")]
    wrong = list(dict.fromkeys(named))
    yield from changes(live.plan.recipe, setup.groups, wrong, lags(live, (number, *others)))
    common = factor_of_updates(files, rows)
    if common > 0 and abs(common - 1) > NEAR:
        touched = [name for name, members in setup.groups.items() if set(members) & set(wrong)]
        where = "" if len(touched) == len(setup.groups) else f" in the group {' and '.join(touched)}"
        yield f"the learning rate is taken {common:.4g} times{where}", Change(rate=common, groups=touched)
    if (factor := _of_gradients_learned(live, number, files, rows)) is not None:
        yield f"gradients are multiplied by {factor:.4g}", Change(gradient=factor)
    if (norm := _clipped_norm(live, number, files, rows)) is not None:
        yield f"gradients are clipped to a norm of {norm:.4g}", Change(clip=norm)
    if (keeps := _kept_share(live, number, files, rows)) is not None:
        yield f"the averaged weights keep {keeps:.6g} of themselves", Change(keeps=keeps)


def lags(live: Lockstep, numbers: Sequence[int]) -> dict[int, str]:
    """The lags that make a difference in some of these passes; those alike in all are named together."""
    near = [lag for shift in range(1, _LATEST + 1) for lag in (shift, -shift)]
    words = {lag: f"come {abs(lag)} steps {'late' if lag > 0 else 'early'}" for lag in near}
    words[live.plan.length.steps] = f"come {live.plan.length.steps} steps late"
    words[_LONG_AGO] = "stay as in the first step"
    found: dict[int, str] = {}
    used = {0: _groups(live, numbers, 0)}
    for lag, said in words.items():
        groups = _groups(live, numbers, lag)
        same = next((one for one, its in used.items() if its == groups), None)
        if same is None:
            found[lag], used[lag] = said, groups
        elif same:
            found[same] += f" or {said}"
    return found


def _groups(live: Lockstep, numbers: Sequence[int], lag: int) -> list[dict[str, dict[str, float]]]:
    return [live.uses(number, lag).groups for number in numbers]


def parameter_of(address: str) -> str:
    """The parameter that an address of a step is of."""
    kind, _, name = address.partition(":")
    return name.rpartition(".")[0] if kind == "optimizer" else name


def factor_of_updates(files: StepFiles, rows: list[Row]) -> float:
    """The one number that makes the port's wrong updates of the reference's; 0 where there is none."""
    found = []
    with Trace.open(files.steps) as ours, Trace.open(files.port_steps) as its:
        for row in (one for one in rows if one.address.startswith("update:")):
            left, right = array_of(ours, row.address), array_of(its, row.address)
            if left is not None and right is not None and np.any(left):
                found.append(slope(left, right))
    return float(np.median(found)) if found else 0.0


def _of_gradients_learned(live: Lockstep, number: int, files: StepFiles, rows: list[Row]) -> float | None:
    """By what gradients are multiplied, seen from what is linear in them: sums and first moments."""
    share = _share_of(Change(gradient=2.0), live, number, files, rows)
    return None if share is None else 1 + share


def _clipped_norm(live: Lockstep, number: int, files: StepFiles, rows: list[Row]) -> float | None:
    """To what norm the port clips its gradients, seen from the same."""
    with Trace.open(files.port) as passed, Trace.open(files.memory) as memory:
        total = 0.0
        for name in (name for members in live.setup().groups.values() for name in members):
            parts = [array_of(passed, f"grad:{name}"), array_of(memory, f"sum:{name}")]
            total += float(np.linalg.norm(sum(part for part in parts if part is not None))) ** 2
    norm = min(math.sqrt(total), live.plan.recipe.clip or math.inf)
    share = _share_of(Change(clip=norm / 2), live, number, files, rows) if norm else None
    return None if share is None or share >= 2 else norm * (1 - share / 2)


def _share_of(change: Change, live: Lockstep, number: int, files: StepFiles, rows: list[Row]) -> float | None:
    """How much of what a change makes of sums and first moments the port has made of them; 1 is just that."""
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
            one, other, port = (array_of(trace, address) for trace in (ours, changed, its))
            if one is not None and other is not None and port is not None:
                ways.append((apart(other, one), apart(port, one)))
    found = common_factor(ways)
    return found[0] if found is not None and abs(found[0]) > NEAR else None


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
                old, right, port = (array_of(trace, row.address) for trace in (before, ours, its))
                if old is not None and right is not None and port is not None:
                    ways.append((apart(right, old), apart(port, old)))
    share = one_factor(ways)
    return None if share is None else 1 - share * (1 - keeps)


def array_of(trace: Trace, address: str) -> NDArray[Any] | None:
    """The tensor at an address, if there is one."""
    array = trace.array(address) if address in trace.records else None
    return None if array is None else np.array(array)
