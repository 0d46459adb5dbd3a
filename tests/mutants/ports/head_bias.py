"""The head adds a thousandth to its bias."""

from __future__ import annotations

from jittor import Var as Tensor

from ports_jittor import l2sknet
from ports_jittor.l2sknet import losses as losses
from ports_jittor.torchlike import nn


class Shifted(nn.Conv2d):
    def execute(self, x: Tensor) -> Tensor:
        return super().execute(x) + 1e-3


def build(variant: str) -> nn.Module:
    model = l2sknet.build(variant)
    model.Conv = Shifted(16, 1, 1)
    return model
