"""No mistake: every convolution adds up its input channels in two halves, so that it rounds otherwise."""

from __future__ import annotations

from jittor import Var as Tensor

from ports_jittor import l2sknet
from ports_jittor.l2sknet import losses as losses
from ports_jittor.torchlike import functional, nn


class InHalves(nn.Conv2d):
    """A convolution as a sum of two."""

    def execute(self, x: Tensor) -> Tensor:
        half = self.in_channels // 2
        expected = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}
        first = functional.conv2d(x[:, :half], self.weight[:, :half], None, **expected)
        second = functional.conv2d(x[:, half:], self.weight[:, half:], self.bias, **expected)
        return second + first


def build(variant: str) -> nn.Module:
    model = l2sknet.build(variant)
    for module in model.modules():
        if type(module) is nn.Conv2d and module.groups == 1 and module.in_channels > 1:
            module.__class__ = InHalves
    return model
