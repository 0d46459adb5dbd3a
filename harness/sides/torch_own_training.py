"""A training in torch by the reference's own code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from harness.errors import BadInput
from harness.older_python import strict_zip
from harness.pairs.base import Arrays
from harness.sides.contract import NamedTensors
from harness.sides.optimisers import Optimiser, ToTensor
from harness.sides.own_training import OwnSteps, named
from harness.sides.torch_training import TorchTraining, load_slots, slots_in


class TorchOptimiser:
    """One of torch's."""

    def __init__(self, optimizer: torch.optim.Optimizer, names: Sequence[str]) -> None:
        self.optimizer, self.names = optimizer, names
        self._values = [value for group in optimizer.param_groups for value in group["params"]]

    def take(self, gradients: NamedTensors) -> None:
        """A parameter that has no gradient stays as it is."""
        for name, value in strict_zip(self.names, self._values):
            value.grad = gradients.get(name)

    def scale(self, rate: float) -> None:
        """Every group has one."""
        for group in self.optimizer.param_groups:
            group["lr"] *= rate

    def step(self) -> None:
        """Its own."""
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def slots(self) -> Arrays:
        """From its state."""
        return slots_in(self.optimizer, dict(strict_zip(self.names, self._values)))

    def set_slots(self, slots: Arrays, to_tensor: ToTensor) -> None:
        """Through its own form of a state."""
        load_slots(self.optimizer, self.names, slots, to_tensor)


class TorchOwnTraining(OwnSteps, TorchTraining):
    """A training whose optimisers the reference has made."""

    def named_tensors(self) -> NamedTensors:
        """By their names in the state."""
        return dict(self.side.model.named_parameters())

    def optimiser(self, made: Any, names: Mapping[int, str]) -> Optimiser:
        """One of torch's, or of what derives from them."""
        if not isinstance(made, torch.optim.Optimizer):
            raise BadInput(f"the reference's training has an optimiser of the type {type(made).__name__}")
        return TorchOptimiser(made, named(made, names))
