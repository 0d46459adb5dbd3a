"""L2SKNet in PyTorch: the reference, pinned to the published networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from torch import Tensor, nn

from refs_torch.l2sknet.fpn import FPN
from refs_torch.l2sknet.loss import soft_iou_loss
from refs_torch.l2sknet.unet import UNet

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
