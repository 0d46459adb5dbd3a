"""A training in PyTorch: torch's own optimisers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from harness.pairs.base import Arrays
from harness.sides.contract import NamedTensors
from harness.sides.optimisers import ToTensor, slots_of
from harness.sides.torch_side import OPTIMIZERS
from harness.sides.training import SideTraining


class TorchTraining(SideTraining):
    """What a training needs of torch."""

    def named_parameters(self) -> NamedTensors:
        """Those that require a gradient."""
        return {name: value for name, value in self.side.model.named_parameters() if value.requires_grad}

    def make_optimizer(self, kind: str, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        """One of torch's."""
        made: torch.optim.Optimizer = OPTIMIZERS[kind](groups)
        return made

    def gradients(self, loss: Tensor) -> NamedTensors:
        """Autograd's, taken away from the parameters: what is cast with those must not change them."""
        self.side.model.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.side.synchronise()
        found = {name: value.grad for name, value in self.parameters.items() if value.grad is not None}
        self.side.model.zero_grad(set_to_none=True)
        return found

    def step(self, gradients: NamedTensors, clip: float | None) -> None:
        """Clip and step."""
        for name, value in self.parameters.items():
            value.grad = gradients.get(name)
        if clip is not None:
            torch.nn.utils.clip_grad_norm_([self.parameters[name] for name in gradients], clip)
        self.optimizer.step()
        self.side.model.zero_grad(set_to_none=True)

    def settled(self, tensors: NamedTensors) -> NamedTensors:
        """They are."""
        return tensors

    def slots(self) -> Arrays:
        """From the optimiser's state."""
        return slots_in(self.optimizer, {name: self.parameters[name] for name in self.members})

    def set_slots(self, slots: Arrays) -> None:
        """Through the optimiser's own form of a state."""
        load_slots(self.optimizer, self.members, slots, self.tensor)

    def copied_state(self) -> NamedTensors:
        """Clones."""
        return {
            name: value.detach().clone()
            for name, value in self.side.model.state_dict().items()
            if value.is_floating_point()
        }

    def keep_average(self, keeps: float) -> None:
        """In place."""
        now = self.side.model.state_dict()
        with torch.no_grad():
            for name, value in self.average.items():
                value.mul_(keeps).add_((1 - keeps) * now[name].detach())

    def tensor(self, array: Any, parameter: str | None) -> Tensor:
        """On the device."""
        made = torch.from_numpy(np.array(array))
        like = next(iter(self.parameters.values())) if parameter is None else self.parameters[parameter]
        made = made.to(like) if made.is_floating_point() else made.to(like.device)
        return made if parameter is None else made.reshape(like.shape)


def slots_in(optimizer: torch.optim.Optimizer, parameters: NamedTensors) -> Arrays:
    """What an optimiser remembers of its parameters; a count of steps is a whole number."""
    return {
        f"{name}.{slot}": np.array(int(kept)) if slot == "step" else np.array(kept.detach().cpu())
        for name, value in parameters.items()
        for slot, kept in optimizer.state.get(value, {}).items()
        if kept is not None
    }


def load_slots(
    optimizer: torch.optim.Optimizer, names: Sequence[str], slots: Arrays, to_tensor: ToTensor
) -> None:
    """Let an optimiser over parameters of these names remember this and nothing else."""
    state: dict[int, dict[str, Any]] = {}
    for place, name in enumerate(names):
        if mine := slots_of(name, slots):
            state[place] = {
                slot: torch.tensor(float(kept)) if slot == "step" else to_tensor(kept, name)
                for slot, kept in mine.items()
            }
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
