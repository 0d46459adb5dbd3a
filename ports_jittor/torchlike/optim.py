"""torch's optimisers, step for step.

`step(loss)` differentiates and updates; `backward(loss)` before `step()` adds gradients up over several
losses. Jittor's count calls of backward instead of steps, and its Adam adds eps before the bias correction.

A parameter that the loss does not reach has no gradient and stays as it is, as in torch. Jittor gives zeros
for it, which weight decay and momentum would act on.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Dict, NamedTuple

import jittor as jt
import numpy as np

from harness.older_python import strict_zip
from ports_jittor.torchlike._common import let_learn, variable
from ports_jittor.torchlike._together import Number, Operand, Term, compute
from ports_jittor.torchlike.gradients import gradients as gradients_of
from ports_jittor.torchlike.reduce import sum as total

Group = Dict[str, Any]
Slots = Dict[str, Any]  # what an optimiser remembers of one parameter, under torch's names


class _Row(NamedTuple):
    """A parameter that is moved."""

    var: jt.Var
    gradient: jt.Var
    slots: Slots


class Optimizer(ABC):
    """What all optimisers share: parameter groups, gradients, the state in torch's layout."""

    def __init__(self, params: Iterable[jt.Var] | Iterable[Group], defaults: Group) -> None:
        self.defaults = defaults
        self.param_groups: list[Group] = []
        self.state: dict[int, Slots] = {}
        self._gradients: list[jt.Var | None] | None = None
        listed: list[Any] = list(params)
        if not listed:
            raise ValueError("an optimiser was given no parameters")
        for group in listed if isinstance(listed[0], dict) else [{"params": listed}]:
            self.add_param_group(group)

    def add_param_group(self, group: Group) -> None:
        """Add a group; options that it does not have follow the defaults."""
        members = group["params"]
        group = {
            **self.defaults,
            **group,
            "params": [members] if isinstance(members, jt.Var) else list(members),
        }
        known = {id(var) for var in self._variables()}
        if any(id(var) in known for var in group["params"]):
            raise ValueError("a parameter appears in more than one group")
        self.param_groups.append(group)
        self._gradients = None

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients; else each that is there becomes zero, and momentum and decay go on."""
        if set_to_none or self._gradients is None:
            self._gradients = None
        else:
            self._gradients = [None if g is None else jt.zeros_like(g) for g in self._gradients]

    def backward(self, loss: jt.Var) -> None:
        """Add the gradients of `loss` to those that are there."""
        found = gradients_of(loss, self._variables())
        if self._gradients is not None:
            found = [_sum(old, new) for old, new in strict_zip(self._gradients, found)]
        self._gradients = found

    def take_gradients(self, gradients: Sequence[jt.Var | None]) -> None:
        """Use gradients computed elsewhere, one for each parameter in order, in the place of backward().

        None leaves its parameter alone for this step, as torch does where a gradient is absent.
        """
        if len(gradients) != len(self._variables()):
            raise ValueError(f"{len(gradients)} gradients for {len(self._variables())} parameters")
        self._gradients = list(gradients)

    def step(self, loss: jt.Var | None = None) -> None:
        """One update; with a loss, from its gradients alone."""
        if loss is not None:
            self.zero_grad()
            self.backward(loss)
        if self._gradients is None:
            raise RuntimeError("step() without gradients: give it a loss, or call backward(loss) before it")
        gradients = iter(strict_zip(self._variables(), self._gradients))
        changed: list[jt.Var] = []
        with jt.no_grad():
            for group in self.param_groups:
                asked = [next(gradients) for _ in group["params"]]
                rows = [
                    _Row(var, gradient, self.state.get(id(var)) or self._start(var))
                    for var, gradient in asked
                    if gradient is not None and not var.is_stop_grad()
                ]
                for alike in _alike(rows):
                    changed += self._move(alike, group)
        jt.sync(changed)
        if loss is not None:
            self.zero_grad()

    def _move(self, rows: list[_Row], group: Group) -> list[jt.Var]:
        """One update of parameters whose slots are alike; all that has changed."""
        start = rows[0].slots
        names = [name for name, slot in start.items() if _is_computed(slot)]
        slots: Slots = {}

        def formula(number: Number, operands: list[Operand]) -> list[Operand]:
            value, gradient, *kept = operands
            slots.clear()
            slots.update({**start, **dict(strict_zip(names, kept))})
            value = self._update(value, gradient, group, slots, number)
            return [value, *filter(_is_computed, slots.values())]

        found = compute(formula, [[row.var, row.gradient, *map(row.slots.get, names)] for row in rows])
        for row, (value, *computed) in strict_zip(rows, found):
            row.var.update(value)
            fresh = iter(computed)
            mine = {name: next(fresh) if _is_computed(slot) else slot for name, slot in slots.items()}
            if mine:
                self.state[id(row.var)] = mine
        let_learn([row.var for row in rows])  # an update without gradients takes them from a parameter
        return [var for row, values in strict_zip(rows, found) for var in (row.var, *values[1:])]

    def clip_grad_norm(self, max_norm: float) -> float:
        """torch's clip_grad_norm_ on the gradients of backward(); returns the norm (Jittor's drifts)."""
        if self._gradients is None:
            raise RuntimeError("clip_grad_norm() without gradients: call backward(loss) before it")
        norm = math.sqrt(sum(float(total(g.sqr()).item()) for g in self._gradients if g is not None))
        scale = min(1.0, max_norm / (norm + 1e-6))
        self._gradients = [None if g is None else g * scale for g in self._gradients]
        return norm

    def state_dict(self) -> dict[str, Any]:
        """The state in torch's layout, arrays as numpy."""
        index = {id(var): place for place, var in enumerate(self._variables())}
        return {
            "state": {
                index[key]: {name: _exported(v) for name, v in slots.items()}
                for key, slots in self.state.items()
            },
            "param_groups": [
                {**group, "params": [index[id(v)] for v in group["params"]]} for group in self.param_groups
            ],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state in torch's layout."""
        sizes = [[len(g["params"]) for g in groups] for groups in (self.param_groups, state["param_groups"])]
        if sizes[0] != sizes[1]:
            raise ValueError(f"the state has groups of {sizes[1]} parameters, the optimiser of {sizes[0]}")
        for own, other in strict_zip(self.param_groups, state["param_groups"]):
            own.update({key: value for key, value in other.items() if key != "params"})
        variables = self._variables()
        self.state = {
            id(variables[place]): {name: _imported(name, value) for name, value in slots.items()}
            for place, slots in state["state"].items()
        }

    def _variables(self) -> list[jt.Var]:
        return [var for group in self.param_groups for var in group["params"]]

    @abstractmethod
    def _start(self, var: jt.Var) -> Slots:
        """What is remembered of a parameter before its first step."""

    @abstractmethod
    def _update(
        self, value: Operand, gradient: Operand, group: Group, slots: Slots, number: Number
    ) -> Operand:
        """The formula of one step: the new value; the slots are replaced in `slots`."""


class SGD(Optimizer):
    """torch.optim.SGD: dampening spares the first step."""

    def __init__(
        self,
        params: Iterable[jt.Var] | Iterable[Group],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("SGD: nesterov needs a momentum and no dampening")
        defaults = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        super().__init__(params, {**defaults, "nesterov": nesterov})

    def _start(self, var: jt.Var) -> Slots:
        return {}

    def _update(
        self, value: Operand, gradient: Operand, group: Group, slots: Slots, number: Number
    ) -> Operand:
        if group["weight_decay"]:
            gradient = gradient + value * number(group["weight_decay"])
        if group["momentum"]:
            buffer, share = slots.get("momentum_buffer"), number(group["momentum"])
            if buffer is None:
                buffer = gradient
            else:
                buffer = buffer * share + gradient * number(1 - group["dampening"])
            slots["momentum_buffer"] = buffer
            gradient = gradient + buffer * share if group["nesterov"] else buffer
        return value - gradient * number(group["lr"])


class Adam(Optimizer):
    """torch.optim.Adam: eps after the bias correction, decay as part of the gradient."""

    decoupled = False

    def __init__(
        self,
        params: Iterable[jt.Var] | Iterable[Group],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def _start(self, var: jt.Var) -> Slots:
        return {"step": 0, "exp_avg": jt.zeros_like(var), "exp_avg_sq": jt.zeros_like(var)}

    def _update(
        self, value: Operand, gradient: Operand, group: Group, slots: Slots, number: Number
    ) -> Operand:
        first, second = group["betas"]
        rate, decay = group["lr"], group["weight_decay"]
        if decay and self.decoupled:
            value = value * number(1 - rate * decay)
        elif decay:
            gradient = gradient + value * number(decay)
        slots["step"] += 1
        mean = slots["exp_avg"] + (gradient - slots["exp_avg"]) * number(1 - first)
        square = slots["exp_avg_sq"] * number(second) + gradient * gradient * number(1 - second)
        slots["exp_avg"], slots["exp_avg_sq"] = mean, square
        root = square.sqrt() / number(math.sqrt(1 - second ** slots["step"])) + number(group["eps"])
        return value - mean / root * number(rate / (1 - first ** slots["step"]))


class AdamW(Adam):
    """torch.optim.AdamW: decay apart from the gradient, 0.01 by default (Jittor: 0)."""

    decoupled = True

    def __init__(
        self,
        params: Iterable[jt.Var] | Iterable[Group],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)


def _alike(rows: Iterable[_Row]) -> Iterable[list[_Row]]:
    """Rows that one formula serves: the same rank and precision, the same slots, after as many steps."""
    found: dict[Any, list[_Row]] = {}
    for row in rows:
        slots = tuple((name, "" if _is_computed(slot) else slot) for name, slot in row.slots.items())
        found.setdefault((row.var.ndim, str(row.var.dtype), slots), []).append(row)
    return found.values()


def _is_computed(slot: Any) -> bool:
    """Whether a slot is an operand of the formula, unlike a count of steps or a buffer that is not there."""
    return isinstance(slot, (jt.Var, Term))


def _sum(old: jt.Var | None, new: jt.Var | None) -> jt.Var | None:
    return new if old is None else old if new is None else old + new


def _exported(value: Any) -> Any:
    return value.numpy() if isinstance(value, jt.Var) else value


def _imported(name: str, value: Any) -> Any:
    if name == "step":
        return int(value)
    return value if value is None else variable(np.asarray(value)).stop_grad()
