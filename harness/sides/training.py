"""A training that a side holds: its optimiser, what has come together of gradients, averaged weights."""

from __future__ import annotations

import fnmatch
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.older_python import strict_zip
from harness.pairs.base import Arrays
from harness.sides.contract import NamedTensors
from harness.sides.side import Side
from harness.state_table import learning
from harness.training.change import Change
from harness.training.setup import Setup, Uses


@dataclass
class TrainingMemory:
    """Everything that a training carries from one pass to the next, as arrays."""

    state: Arrays = field(default_factory=dict)
    slots: Arrays = field(default_factory=dict)
    sums: Arrays = field(default_factory=dict)
    average: Arrays = field(default_factory=dict)


class SideTraining(ABC):
    """An optimiser over the groups of a model that a side holds; a framework's own fills in the rest."""

    def __init__(self, side: Side, setup: Setup, change: Change) -> None:
        self.side, self.setup, self.change = side, setup, change
        self.parameters = self.named_parameters()
        learns = learning(side.state_table())
        self.learning = [name for name in self.parameters if name in learns]
        self.groups = {
            name: [member for member in members if not self._left_out(member)]
            for name, members in setup.groups.items()
        }
        self.groups = {name: members for name, members in self.groups.items() if members}
        if change.also:
            self.groups[next(iter(self.groups))] += change.also
        self.sums: NamedTensors = {}
        self.average: NamedTensors = self.copied_state() if setup.averages else {}
        given = [
            {
                "params": [self.parameters[member] for member in members],
                **self._own(name, {**setup.options, **setup.group_options.get(name, {})}),
            }
            for name, members in self.groups.items()
        ]
        self.optimizer = self.make_optimizer(change.kind or setup.optimizer, given)

    def _left_out(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.change.left_out)

    def _is_changed(self, group: str) -> bool:
        return not self.change.groups or group in self.change.groups

    def _own(self, group: str, options: Mapping[str, Any]) -> dict[str, Any]:
        return {**options, **(self.change.options if self._is_changed(group) else {})}

    @property
    def members(self) -> list[str]:
        """The parameters of all groups, as the optimiser counts them."""
        return [member for members in self.groups.values() for member in members]

    def learn(self, gradients: NamedTensors, uses: Uses) -> None:
        """Let the gradients of one pass come to those that are there, and step where that is due."""
        total = self._summed(gradients, uses)
        if not uses.updates:
            self.sums = total
            return
        self.sums = {name: value * 1 for name, value in total.items()} if self.change.uncleared else {}
        self._choose(uses)
        if self.change.early_average:
            self._average(uses)
        active = self._active(uses)
        self._step({name: total[name] for name in active if total.get(name) is not None})
        if not self.change.early_average:
            self._average(uses)

    def _active(self, uses: Uses) -> list[str]:
        """The parameters whose gradients a step is given."""
        return [name for group in self.groups if group in uses.groups for name in self.groups[group]]

    def _step(self, gradients: NamedTensors) -> None:
        clip = self._clip()
        if self.change.clip_by == "all" or clip is None:
            self.step(gradients, clip)
        elif self.change.clip_by == "element":
            self.step({name: value.clamp(-clip, clip) for name, value in gradients.items()}, None)
        else:
            to_array = self.side.tensors.to_array
            norms = {name: float(np.linalg.norm(to_array(value))) for name, value in gradients.items()}
            each = {name: value * min(1.0, clip / (norms[name] + 1e-6)) for name, value in gradients.items()}
            self.step(each, None)

    def _average(self, uses: Uses) -> None:
        if self.average and uses.keeps is not None:
            self.keep_average(uses.keeps if self.change.keeps is None else self.change.keeps)

    def _clip(self) -> float | None:
        return self.setup.clip if self.change.clip is None else self.change.clip or None

    def _summed(self, gradients: NamedTensors, uses: Uses) -> NamedTensors:
        scaled = gradients
        if self.change.gradient != 1:
            scaled = {name: value * self.change.gradient for name, value in gradients.items()}
        if self.change.sums == "mean":
            scaled = {name: value * (1 / uses.passes) for name, value in scaled.items()}
        if not self.sums or self.change.sums == "last":
            return dict(scaled)
        both = {name: value + scaled[name] for name, value in self.sums.items() if name in scaled}
        return self.settled({**self.sums, **scaled, **both})

    def _choose(self, uses: Uses) -> None:
        """Give each group of the optimiser what this pass uses."""
        for name, group in strict_zip(self.groups, self.optimizer.param_groups):
            options = self._own(name, uses.groups.get(name, {}))
            for option, value in options.items():
                if option == "momentum" and "betas" in group:
                    group["betas"] = (value, group["betas"][1])
                elif option in group:
                    group[option] = tuple(value) if isinstance(value, list) else value
            if "lr" in options:
                group["lr"] = options["lr"] * uses.rate * (self.change.rate if self._is_changed(name) else 1)
            if self.change.early_eps and "eps" in group:
                base = {**self.setup.options, **self.setup.group_options.get(name, {})}.get("eps", 1e-8)
                steps = max((int(s) for s in self._counts(name)), default=0) + 1
                group["eps"] = base / math.sqrt(1 - group["betas"][1] ** steps)

    def _counts(self, group: str) -> list[float]:
        slots = self.slots()
        return [float(slots[key]) for key in (f"{name}.step" for name in self.groups[group]) if key in slots]

    def memory(self) -> TrainingMemory:
        """All that must be kept to go on later."""
        return TrainingMemory(**dict(self.parts()))

    def parts(self) -> Iterator[tuple[str, Arrays]]:
        """The same part by part, of which only one need be in memory."""
        to_array = self.side.tensors.to_array
        yield "state", self.side.read_state()
        yield "slots", self.slots()
        yield "sums", {name: to_array(value) for name, value in self.sums.items()}
        yield "average", {name: to_array(value) for name, value in self.average.items()}

    def remember(self, memory: TrainingMemory) -> None:
        """Go on from what was kept; the model's own state is written by the side."""
        slots = {} if self.change.slots_lost else memory.slots
        if self.change.begun:
            slots = {
                key: value + self.change.begun if key.endswith(".step") else value
                for key, value in slots.items()
            }
        self.set_slots(slots)
        self.sums = {name: self.tensor(array, name) for name, array in memory.sums.items()}
        if self.setup.averages and memory.average:
            self.average = {name: self.tensor(array, None) for name, array in memory.average.items()}

    def norms(self, squares: Mapping[str, float]) -> dict[str, float]:
        """The l2 norm of each group, from the squares of its parameters' own norms."""
        return {
            group: math.sqrt(sum(squares[name] for name in members if name in squares))
            for group, members in self.setup.groups.items()
        }

    def values(self) -> Arrays:
        """The parameters that learn, copied."""
        to_array = self.side.tensors.to_array
        return {name: np.array(to_array(self.parameters[name])) for name in self.learning}

    @abstractmethod
    def named_parameters(self) -> NamedTensors:
        """Every parameter that can learn, by its key."""

    @abstractmethod
    def make_optimizer(self, kind: str, groups: list[dict[str, Any]]) -> Any:
        """An optimiser over groups of parameters."""

    @abstractmethod
    def gradients(self, loss: Any) -> NamedTensors:
        """Back-propagate; the gradient of each parameter that has one."""

    @abstractmethod
    def step(self, gradients: NamedTensors, clip: float | None) -> None:
        """One step of the optimiser; a parameter that has no gradient stays as it is."""

    @abstractmethod
    def settled(self, tensors: NamedTensors) -> NamedTensors:
        """Sums of gradients, computed now and free of what they came from."""

    @abstractmethod
    def slots(self) -> Arrays:
        """What the optimiser remembers, as `PARAM.SLOT`."""

    @abstractmethod
    def set_slots(self, slots: Arrays) -> None:
        """Let the optimiser remember this and nothing else."""

    @abstractmethod
    def copied_state(self) -> NamedTensors:
        """The floating entries of the state, copied."""

    @abstractmethod
    def keep_average(self, keeps: float) -> None:
        """Move the average towards the state: it keeps so much of itself."""

    @abstractmethod
    def tensor(self, array: Any, parameter: str | None) -> Any:
        """A tensor of an array, like that parameter where one is named."""
