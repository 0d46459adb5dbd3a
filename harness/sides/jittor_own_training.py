"""A training in Jittor by the port's own code: its optimisers, its rates, its step."""

from __future__ import annotations

from typing import Any

import jittor as jt

from harness.errors import BadInput
from harness.pairs.own_training import OwnTraining
from harness.sides.contract import NamedTensors
from harness.sides.jittor_optimisers import optimiser
from harness.sides.jittor_training import JittorTraining
from harness.sides.side import Side
from harness.training.setup import Setup, Uses


def is_offered(side: Side) -> bool:
    """Whether the port has training code of its own."""
    return hasattr(side.side_module(), "training")


class JittorOwnTraining(JittorTraining):
    """A training whose optimisers the port has made. Only averaged weights follow the recipe."""

    def make_optimizer(self, kind: str, groups: list[dict[str, Any]]) -> Any:
        """The port's, for a training as long as this one."""
        self.own = _made(self.side, self.setup)
        names = {id(value): name for name, value in reversed(self.side.named_variables())}
        self.optimisers = [optimiser(made, names) for made in self.own.optimizers]
        return self.own.optimizers

    @property
    def members(self) -> list[str]:
        """The parameters of all its optimisers."""
        return [name for one in self.optimisers for name in one.names]

    def _active(self, uses: Uses) -> list[str]:
        """All that have a gradient: what is to learn is the port's own question."""
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
        """The port's own, or that of each optimiser."""
        for one in self.optimisers:
            one.take(gradients)
        if self.own.take_step is not None:
            self.own.take_step()
        else:
            for one in self.optimisers:
                one.step()
        jt.sync(list(self.parameters.values()))


def _made(side: Side, setup: Setup) -> OwnTraining:
    own = side.side_module().training(side.model, setup.length)
    if not isinstance(own, OwnTraining):
        raise BadInput(
            f"training(model, length) of {side.pair.port} returns {type(own).__name__}; "
            "it should return an OwnTraining of harness.pairs.base"
        )
    return own
