"""Training steps of each stage: what learns, by which optimiser, and what becomes of cameras not in use."""

from __future__ import annotations

from typing import Mapping

from jittor import Var as Tensor

from harness.pairs.base import OwnTraining
from harness.pairs.led.recipes import FINETUNING, PRETRAINING
from harness.pairs.recipe import Length
from ports_jittor.led.loss import pixel_loss
from ports_jittor.led.repnr import NEW_CAMERA, choose_camera, repnr_convolutions
from ports_jittor.torchlike import nn, optim, state

Inputs = Mapping[str, Tensor]


class Pretrainer:
    """Adam over all that learns, a camera a step. An adapter not in use stays as it is.

    With `momentum_for_absent` it goes on by its momentum, as PyTorch had it before version 2.
    """

    def __init__(self, network: nn.Module, lr: float, momentum_for_absent: bool = False) -> None:
        self.network, self.momentum_for_absent = network, momentum_for_absent
        self.optimizer = optim.Adam(state.parameters(network), lr)

    def step(self, inputs: Inputs, camera: int | None = None, lr: float | None = None) -> float:
        """One step at a camera, or of a plain network; returns the loss before it."""
        if camera is not None:
            choose_camera(self.network, camera)
        set_rate(self.optimizer, lr)
        loss = pixel_loss(self.network(inputs["lq"]), inputs["gt"])
        self.optimizer.zero_grad(set_to_none=not self.momentum_for_absent)
        self.optimizer.backward(loss)
        self.optimizer.step()
        return float(loss.item())


class Finetuner:
    """Two optimisers at the new camera: first its adapters learn, then the auxiliary kernels."""

    def __init__(self, network: nn.Module, align_lr: float, auxiliary_lr: float) -> None:
        self.network = network
        choose_camera(network, NEW_CAMERA)
        align, auxiliary = finetuned_parameters(network)
        self.optimizers = {
            "align": optim.Adam(align, align_lr),
            "auxiliary": optim.Adam(auxiliary, auxiliary_lr),
        }

    def step(self, inputs: Inputs, learning: str, lr: float | None = None) -> float:
        """One step of `align` or `auxiliary`; returns the loss before it."""
        optimizer = self.optimizers[learning]
        set_rate(optimizer, lr)
        loss = pixel_loss(self.network(inputs["lq"]), inputs["gt"])
        optimizer.step(loss)
        return float(loss.item())


def own_training(network: nn.Module, length: Length) -> OwnTraining:
    """The published training of a network in its stage, for `align compare --mode step`."""
    kernels = [conv.aux_weight for conv in repnr_convolutions(network)]
    if not kernels or kernels[0] is None:
        pretrainer, rate = Pretrainer(network, 1e-4), PRETRAINING["CVPR20_ELD"].rate
        return OwnTraining(
            [pretrainer.optimizer], lambda number: set_rate(pretrainer.optimizer, rate(number + 1))
        )
    published = FINETUNING["CVPR20_ELD"]
    finetuner = Finetuner(network, published.align_rate(1), published.auxiliary_rate(1))
    learning = ["align"]

    def begin_pass(number: int) -> None:
        iteration = min(number + 1, published.iterations)
        learning[0] = published.learning(iteration)
        set_rate(finetuner.optimizers[learning[0]], published.rate(iteration))

    def take_step() -> None:
        finetuner.optimizers[learning[0]].step()

    return OwnTraining(list(finetuner.optimizers.values()), begin_pass, take_step)


def set_rate(optimizer: optim.Optimizer, lr: float | None) -> None:
    """Go on with another learning rate, if there is one."""
    for group in optimizer.param_groups if lr is not None else ():
        group["lr"] = lr


def finetuned_parameters(network: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    """The new camera's adapters, and the auxiliary kernels; nothing else is optimised in this stage."""
    align: list[Tensor] = []
    auxiliary: list[Tensor] = []
    for conv in repnr_convolutions(network):
        align += [conv.align_weights[NEW_CAMERA], conv.align_biases[NEW_CAMERA]]
        if conv.aux_weight is None or conv.aux_bias is None:
            raise ValueError("a network without auxiliary kernels cannot be finetuned: build that stage's")
        auxiliary += [conv.aux_weight, conv.aux_bias]
    return align, auxiliary
