"""The published training: which parameters decay, the steps of the optimiser, and the averaged weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness.pairs.base import OwnTraining
from harness.pairs.gold_yolo.schedule import PassSettings, Schedule, ema_decay
from harness.pairs.recipe import Length


def parameter_groups(model: nn.Module) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Weights of norms, other weights, and biases. What has another name is in none and never learns."""
    norms: list[Tensor] = []
    weights: list[Tensor] = []
    biases: list[Tensor] = []
    for module in model.modules():
        own = dict(module.named_parameters(recurse=False))
        if "bias" in own:
            biases.append(own["bias"])
        if "weight" in own:
            (norms if isinstance(module, nn.BatchNorm2d) else weights).append(own["weight"])
    return norms, weights, biases


def make_optimizer(model: nn.Module, schedule: Schedule) -> torch.optim.SGD:
    """SGD by Nesterov over the three groups; only the second decays."""
    norms, weights, biases = parameter_groups(model)
    groups = [
        {"params": norms, "weight_decay": 0.0},
        {"params": weights, "weight_decay": schedule.scaled_decay},
        {"params": biases, "weight_decay": 0.0},
    ]
    return torch.optim.SGD(groups, lr=schedule.scaled_lr, momentum=schedule.momentum, nesterov=True)


def set_step(optimizer: torch.optim.SGD, step: PassSettings) -> None:
    """The rates and the momentum of a pass."""
    for place, group in enumerate(optimizer.param_groups):
        group["lr"] = step.lr_bias if place == 2 else step.lr
        group["momentum"] = step.momentum


def own_training(model: nn.Module, length: Length) -> OwnTraining:
    """The published training of a network, for `align compare --mode step`."""
    schedule = Schedule(length.batch, length.epochs, length.steps)
    optimizer = make_optimizer(model, schedule)
    return OwnTraining([optimizer], lambda number: set_step(optimizer, schedule.at(*length.place(number))))


class Average:
    """A second network, `other`, whose state follows the first one's slowly; its counts stay as they were."""

    def __init__(self, model: nn.Module, other: nn.Module) -> None:
        self.model = other.eval()
        self.model.load_state_dict(model.state_dict())
        self.updates = 0

    def update(self, model: nn.Module) -> None:
        """Follow after a step of the optimiser."""
        self.updates += 1
        decay = ema_decay(self.updates)
        now = model.state_dict()
        with torch.no_grad():
            for key, value in self.model.state_dict().items():
                if value.is_floating_point():
                    value.mul_(decay).add_((1 - decay) * now[key].detach())
