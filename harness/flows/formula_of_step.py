"""Which formula makes the port's step: those of `harness.diagnose` are tried on all its tensors."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.alignment_rows import Row
from harness.diagnose.passes import listed
from harness.diagnose.step_formulas import Formula, Given, Made, formulas
from harness.flows.forced_steps import StepFiles
from harness.flows.lockstep import Lockstep
from harness.flows.reproduced_step import reproduces
from harness.flows.step_hypotheses import array_of, lags, parameter_of
from harness.flows.step_passes import JudgedPass
from harness.trace import Trace
from harness.training.change import Change

Array = NDArray[Any]
_KINDS = ("update", "optimizer")
_NONE = Change()


class TakenStep:
    """One step: what each parameter was given, and what the port made of it.

    Of a change, what all parameters are given is followed: a recipe that comes late, and another clipping.
    """

    def __init__(self, live: Lockstep, judged: JudgedPass) -> None:
        self.live, self.number = live, judged.number
        self._of_lag: dict[int, dict[str, dict[str, Any]]] = {}
        self.kind, self.rows = live.plan.recipe.optimizer, dict[str, list[Row]]()
        for row in judged.alignment.rows:
            if row.address.partition(":")[0] in _KINDS:
                self.rows.setdefault(parameter_of(row.address), []).append(row)
        self.given = _given(judged.files, self.rows, self._options(0))
        self._whole = math.hypot(*(float(np.linalg.norm(one.gradient)) for one in self.given.values()))
        with Trace.open(judged.files.port_steps) as port:
            self.port = {
                row.address: _array(port, row.address) for mine in self.rows.values() for row in mine
            }

    def _options(self, lag: int) -> dict[str, dict[str, Any]]:
        """What the recipe says of each parameter that learns in this pass."""
        if lag in self._of_lag:
            return self._of_lag[lag]
        recipe, uses = self.live.plan.recipe, self.live.uses(self.number, lag)
        found = self._of_lag[lag] = dict[str, dict[str, Any]]()
        for one in self.live.members:
            if one.group.name in uses.groups:
                options = {**recipe.options, **one.group.options, **uses.groups[one.group.name]}
                options["lr"] *= uses.rate
                found |= dict.fromkeys(one.parameters, _with_momentum(options))
        return found

    @property
    def wrong(self) -> list[str]:
        """The parameters that are not right, the smallest first: it tells soonest."""
        found = [name for name, mine in self.rows.items() if any(_is_wrong(row) for row in mine)]
        return sorted(found, key=lambda name: self.given[name].value.size if name in self.given else 0)

    def is_made_by(self, formula: Formula, names: Collection[str], change: Change = _NONE) -> bool:
        """Whether a formula gives what the port has of these parameters."""
        options = self._options(change.lag)
        return all(self._is_made(formula, name, change, options) for name in names)

    def _is_made(
        self, formula: Formula, name: str, change: Change, options: Mapping[str, dict[str, Any]]
    ) -> bool:
        given = self.given.get(name) if name in options else None
        if given is not None:
            norm = self.live.plan.recipe.clip if change.clip is None else change.clip
            gradient = clipped(given.gradient, self._whole, norm, change.clip_by)
            given = Given(given.value, gradient, given.slots, options[name])
        made = None if given is None else formula.made(self.kind, given)
        return made is not None and all(self._is_right(made, name, row) for row in self.rows[name])

    def _is_right(self, made: Made, name: str, row: Row) -> bool:
        kind, _, rest = row.address.partition(":")
        slot = rest.removeprefix(f"{name}.")
        if kind == "optimizer" and slot == "step" and "step" not in made.slots:
            return True
        found = made.update if kind == "update" else made.slots.get(slot)
        return reproduces(found, self.port[row.address], row)


def cause_of_formula(live: Lockstep, passes: Sequence[JudgedPass]) -> str:
    """The formula that makes every step, in words; or the one that does so for the wrong parameters alone.

    Formulas with one change are also tried with a recipe that comes late or early.
    """
    recipe = live.plan.recipe
    one_change, two_changes = formulas(recipe.optimizer, options_of_groups(live))
    single, steps = list(one_change), [TakenStep(live, one) for one in passes]
    found = _fitting(steps, single)
    for lag, words in lags(live, [one.number for one in passes]).items():
        if not found:
            found = _fitting(steps, single, Change(lag=lag))
            found = f"{found}, and rates and options {words}" if found else ""
    return found or _fitting(steps, two_changes)


def options_of_groups(live: Lockstep) -> list[dict[str, Any]]:
    """What the recipe says of each group that has parameters."""
    recipe = live.plan.recipe
    return [{**recipe.options, **one.group.options} for one in live.members if one.parameters]


def _fitting(steps: list[TakenStep], alike: Iterable[tuple[str, Formula]], change: Change = _NONE) -> str:
    """Those of some formulas that make every step, in words."""
    wrong = steps[0].wrong
    if not wrong or set(wrong) - steps[0].given.keys():
        return ""
    made = [(words, formula) for words, formula in alike if steps[0].is_made_by(formula, wrong, change)]
    named = listed([name for name in steps[0].rows if name in wrong])
    for where, names in (("", None), (f", in {named} alone", set(wrong))):
        fitting = [words for words, formula in made if _makes_all(steps, formula, names, change)]
        if fitting:
            return _with_rivals(fitting) + where
    return ""


def _makes_all(steps: list[TakenStep], formula: Formula, names: set[str] | None, change: Change) -> bool:
    """Whether a formula makes every step, of these parameters or of all that learn."""
    return all(
        one.is_made_by(formula, one.given if names is None else names & one.given.keys(), change)
        for one in steps
    )


def _with_rivals(found: list[str]) -> str:
    first, *rest = found
    return f"{first} (the same: {'; '.join(rest[:3])})" if rest else first


def _given(
    files: StepFiles, names: Collection[str], options: Mapping[str, dict[str, Any]]
) -> dict[str, Given]:
    """What each parameter that learns is given, before gradients are clipped."""
    found: dict[str, Given] = {}
    with Trace.open(files.memory) as memory, Trace.open(files.port) as passed:
        for name in (name for name in options if name in names):
            value, gradient = _array(memory, f"state:{name}"), _array(passed, f"grad:{name}")
            if value is None or gradient is None:
                continue
            before = _array(memory, f"sum:{name}")
            whole = gradient if before is None else gradient + before.reshape(gradient.shape)
            found[name] = Given(value.reshape(-1), whole.reshape(-1), _slots(memory, name), options[name])
    return found


def _with_momentum(options: dict[str, Any]) -> dict[str, Any]:
    """A schedule's momentum is the first beta of an Adam."""
    if "betas" in options and "momentum" in options:
        return {**options, "betas": (options["momentum"], options["betas"][1])}
    return options


def clipped(gradient: Array, whole: float, norm: float | None, by: str) -> Array:
    """What is left of a gradient: by the norm of all together, `whole`, by its own, or each element."""
    if not norm:
        return gradient
    if by == "element":
        return np.clip(gradient, -norm, norm)
    own = float(np.linalg.norm(gradient)) if by == "each" else whole
    return np.asarray(gradient * min(1.0, norm / (own + 1e-6)))


def _slots(memory: Trace, name: str) -> dict[str, Array]:
    found = {}
    for address in memory.records:
        kind, _, rest = address.partition(":")
        if kind == "optimizer" and rest.rpartition(".")[0] == name:
            slot = rest.rpartition(".")[2]
            array = _array(memory, address)
            assert array is not None
            found[slot] = array if slot == "step" else array.reshape(-1)
    return found


def _is_wrong(row: Row) -> bool:
    return row.verdict.status == "diverged"


def _array(trace: Trace, address: str) -> Array | None:
    array = array_of(trace, address)
    return None if array is None else array.astype(np.float64)
