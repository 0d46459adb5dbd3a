"""L2SKNet in Jittor: the port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from jittor import Var as Tensor

from ports_jittor.l2sknet.fpn import FPN
from ports_jittor.l2sknet.loss import soft_iou_loss
from ports_jittor.l2sknet.unet import UNet
from ports_jittor.torchlike import nn

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "L2SKNet_UNet": partial(UNet, "2d"),
    "L2SKNet_FPN": partial(FPN, "2d"),
    "L2SKNet_1D_UNet": partial(UNet, "1d"),
    "L2SKNet_1D_FPN": partial(FPN, "1d"),
    "L2SKNet_UNet_morphology": partial(UNet, "2d", morphology=True),
    "L2SKNet_FPN_morphology": partial(FPN, "2d", morphology=True),
    "L2SKNet_1D_UNet_fork": partial(UNet, "1d_fork"),
    "L2SKNet_1D_FPN_fork": partial(FPN, "1d_fork"),
}


def build(variant: str) -> nn.Module:
    """The network of a variant, with the weights its constructor gives it."""
    return NETWORKS[variant]()


def losses(outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The loss that training minimises."""
    return {"soft_iou": soft_iou_loss(outputs, inputs["mask"])}
