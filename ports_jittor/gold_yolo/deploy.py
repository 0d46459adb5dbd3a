"""The network for deployment: the branches of a block and each convolution with its norm become one."""

from __future__ import annotations

from typing import Any

from jittor import Var as Tensor

from harness.pairs.gold_yolo.deployment import folded_state
from ports_jittor.gold_yolo.blocks import Conv, FusionConv, RepVGGBlock
from ports_jittor.torchlike import nn, state


class DeployedConv(nn.Module):
    """A convolution that has taken its norm in, and its activation."""

    def __init__(self, before: Conv) -> None:
        super().__init__()
        self.conv = with_bias(before.conv)
        self.act = before.act

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.conv(x))


class DeployedBlock(nn.Module):
    """A re-parameterised block: one 3x3 convolution and ReLU."""

    def __init__(self, before: RepVGGBlock) -> None:
        super().__init__()
        self.nonlinearity = before.nonlinearity
        self.rbr_reparam = with_bias(before.rbr_dense[0])

    def forward(self, x: Tensor) -> Tensor:
        return self.nonlinearity(self.rbr_reparam(x))


def with_bias(conv: nn.Module) -> nn.Conv2d:
    """A convolution of the same shape that has a bias."""
    kernel, stride, padding = conv.kernel_size[0], conv.stride[0], conv.padding[0]
    return nn.Conv2d(conv.in_channels, conv.out_channels, kernel, stride, padding=padding, bias=True)


def deployed(model: nn.Module, fold_convs: bool = True) -> nn.Module:
    """Change a network in place to the deployed form with the same results; it is in evaluation after.

    Without `fold_convs` only the blocks of branches are changed.
    """
    folded = folded_state(state.torch_state_dict(model), fold_convs)
    replace_parts(model, fold_convs)
    model.load_state_dict(folded)
    return model.eval()


def replace_parts(module: nn.Module, fold_convs: bool) -> None:
    """Put the deployed parts in the places of those that they stand for."""
    members: dict[str, Any] = module.layers if isinstance(module, nn.Sequential) else module.__dict__
    for name, child in list(members.items()):
        if isinstance(child, RepVGGBlock):
            members[name] = DeployedBlock(child)
        elif fold_convs and isinstance(child, Conv) and not isinstance(child, FusionConv):
            members[name] = DeployedConv(child)
        elif isinstance(child, nn.Module):
            replace_parts(child, fold_convs)
