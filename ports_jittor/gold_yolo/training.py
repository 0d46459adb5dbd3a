"""The published training: which parameters decay, the steps of the optimiser, and the averaged weights."""

from __future__ import annotations

from jittor import Var as Tensor

from harness.pairs.base import OwnTraining
from harness.pairs.gold_yolo.schedule import PassSettings, Schedule, ema_decay
from harness.pairs.recipe import Length
from ports_jittor.torchlike import nn, optim, state
from ports_jittor.torchlike.ema import average_into


def parameter_groups(model: nn.Module) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Weights of norms, other weights, and biases. What has another name is in none and never learns."""
    norms: list[Tensor] = []
    weights: list[Tensor] = []
    biases: list[Tensor] = []
    owners = dict(model.named_modules())
    for key, value in state.named_parameters(model):
        path, _, leaf = key.rpartition(".")
        if leaf == "bias":
            biases.append(value)
        elif leaf == "weight":
            (norms if isinstance(owners[path], nn.BatchNorm2d) else weights).append(value)
    return norms, weights, biases


def make_optimizer(model: nn.Module, schedule: Schedule) -> optim.SGD:
    """SGD by Nesterov over the three groups; only the second decays."""
    norms, weights, biases = parameter_groups(model)
    groups = [
        {"params": norms, "weight_decay": 0.0},
        {"params": weights, "weight_decay": schedule.scaled_decay},
        {"params": biases, "weight_decay": 0.0},
    ]
    return optim.SGD(groups, lr=schedule.scaled_lr, momentum=schedule.momentum, nesterov=True)


def set_step(optimizer: optim.SGD, step: PassSettings) -> None:
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
        self.model.load_state_dict(state.torch_state_dict(model))
        self.updates = 0

    def update(self, model: nn.Module) -> None:
        """Follow after a step of the optimiser."""
        self.updates += 1
        average_into(self.model, model, ema_decay(self.updates))
