"""A convolution's kernel has its height and width exchanged."""

from __future__ import annotations

from jittor import Var as Tensor

from ports_jittor import l2sknet
from ports_jittor.l2sknet import losses as losses
from ports_jittor.torchlike import functional, nn


class Transposed(nn.Conv2d):
    def execute(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.weight.permute(0, 1, 3, 2), self.bias, padding=1)


def build(variant: str) -> nn.Module:
    model = l2sknet.build(variant)
    layers = list(model.Up3.up.values())
    layers[1] = Transposed(64, 32, 3, padding=1)
    model.Up3.up = nn.Sequential(*layers)
    return model
