"""A training by code of a side's own: its optimisers, its rates, its step."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from harness.errors import BadInput
from harness.pairs.base import Arrays
from harness.pairs.own_training import OwnTraining
from harness.sides.contract import NamedTensors
from harness.sides.optimisers import Optimiser
from harness.sides.side import Side
from harness.sides.training import SideTraining
from harness.training.setup import Setup, Uses

HOOK = "own_training"


def is_offered(side: Side) -> bool:
    """Whether the module of a side has training code of its own."""
    return callable(getattr(side.side_module(), HOOK, None))


class OwnSteps(SideTraining):
    """A training whose optimisers the side's module has made; only averaged weights follow the recipe."""

    def make_optimizer(self, kind: str, groups: list[dict[str, Any]]) -> Any:
        """The module's own, for a training as long as this one."""
        self.own = _made(self.side, self.setup)
        names = {id(value): name for name, value in self.named_tensors().items()}
        self.optimisers = [self.optimiser(made, names) for made in self.own.optimizers]
        return self.own.optimizers

    @abstractmethod
    def optimiser(self, made: Any, names: Mapping[int, str]) -> Optimiser:
        """An optimiser that the module has made; `names` are those of the parameters, by identity."""

    @abstractmethod
    def named_tensors(self) -> NamedTensors:
        """All parameters of the model, those too that do not learn."""

    @property
    def members(self) -> list[str]:
        """The parameters of all its optimisers."""
        return [name for one in self.optimisers for name in one.names]

    def _active(self, uses: Uses) -> list[str]:
        """All that have a gradient: what is to learn is the module's own question."""
        return list(self.parameters)

    def _clip(self) -> float | None:
        """Its step clips, if it does."""
        return None

    def _choose(self, uses: Uses) -> None:
        if self.own.begin_pass is not None:
            self.own.begin_pass(uses.number)
        for one in self.optimisers:
            one.scale(uses.rate)

    def step(self, gradients: NamedTensors, clip: float | None) -> None:
        """The module's own, or that of each optimiser."""
        for one in self.optimisers:
            one.take(gradients)
        if self.own.take_step is not None:
            self.own.take_step()
        else:
            for one in self.optimisers:
                one.step()
        self.side.synchronise()

    def slots(self) -> Arrays:
        """Those of every optimiser."""
        return {key: array for one in self.optimisers for key, array in one.slots().items()}

    def set_slots(self, slots: Arrays) -> None:
        """Each optimiser takes its own."""
        for one in self.optimisers:
            one.set_slots(slots, self.tensor)


def named(made: Any, names: Mapping[int, str]) -> list[str]:
    """The names of the parameters of an optimiser, in its order."""
    values = [value for group in made.param_groups for value in group["params"]]
    unknown = sum(id(value) not in names for value in values)
    if unknown:
        raise BadInput(
            f"{unknown} of {len(values)} tensors that {HOOK} gives to its {type(made).__name__} are no "
            "parameters of the model that it was given"
        )
    return [names[id(value)] for value in values]


def _made(side: Side, setup: Setup) -> OwnTraining:
    own = getattr(side.side_module(), HOOK)(side.model, setup.length)
    if not isinstance(own, OwnTraining):
        raise BadInput(
            f"{HOOK}(model, length) of the {side.name} side returns {type(own).__name__}; "
            "it should return an OwnTraining of harness.pairs.base"
        )
    return own
