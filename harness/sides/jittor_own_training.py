"""A training in Jittor by the port's own code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jittor as jt

from harness.errors import BadInput
from harness.sides.contract import NamedTensors
from harness.sides.jittor_optimisers import Native, Torchlike
from harness.sides.jittor_training import JittorTraining
from harness.sides.optimisers import Optimiser
from harness.sides.own_training import OwnSteps, named
from ports_jittor.torchlike import optim


class JittorOwnTraining(OwnSteps, JittorTraining):
    """A training whose optimisers the port has made."""

    def named_tensors(self) -> NamedTensors:
        """By their keys in the state; a tied one by that under which it learns."""
        return dict(reversed(self.side.named_variables())) | self.parameters

    def optimiser(self, made: Any, names: Mapping[int, str]) -> Optimiser:
        """One of torchlike, one of Jittor, or what derives from them."""
        if isinstance(made, optim.Optimizer):
            return Torchlike(made, named(made, names))
        if isinstance(made, jt.optim.Optimizer):
            return Native(made, named(made, names))
        raise BadInput(
            f"the port's training has an optimiser of the type {type(made).__name__}; it should be one of "
            "jittor.optim, of ports_jittor.torchlike.optim, or of a class that derives from those"
        )
