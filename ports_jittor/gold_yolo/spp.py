"""Pyramids of pooled maps at the end of the backbone."""

from __future__ import annotations

import jittor as jt
from jittor import Var as Tensor

from ports_jittor.gold_yolo.blocks import Conv, SimConv
from ports_jittor.torchlike import nn


class SPPF(nn.Module):
    """A map beside itself pooled once, twice and three times."""

    conv: type[Conv] = Conv

    def __init__(self, inputs: int, outputs: int, kernel: int = 5) -> None:
        super().__init__()
        hidden = inputs // 2
        self.cv1 = self.conv(inputs, hidden)
        self.cv2 = self.conv(4 * hidden, outputs)
        self.m = nn.MaxPool2d(kernel, stride=1, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.cv2(pyramid(self.m, self.cv1(x)))


class SimSPPF(SPPF):
    """The same with ReLU."""

    conv = SimConv


class SimCSPSPPF(nn.Module):
    """The pyramid within a cross-stage block."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 5) -> None:
        super().__init__()
        hidden = outputs // 2
        self.cv1 = SimConv(inputs, hidden)
        self.cv2 = SimConv(inputs, hidden)
        self.cv3 = SimConv(hidden, hidden, 3)
        self.cv4 = SimConv(hidden, hidden)
        self.m = nn.MaxPool2d(kernel, stride=1, padding=kernel // 2)
        self.cv5 = SimConv(4 * hidden, hidden)
        self.cv6 = SimConv(hidden, hidden, 3)
        self.cv7 = SimConv(2 * hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        pooled = pyramid(self.m, self.cv4(self.cv3(self.cv1(x))))
        beside = self.cv2(x)
        return self.cv7(jt.concat((beside, self.cv6(self.cv5(pooled))), dim=1))


def pyramid(pool: nn.Module, x: Tensor) -> Tensor:
    """A map and its three poolings, one after another."""
    once = pool(x)
    twice = pool(once)
    return jt.concat((x, once, twice, pool(twice)), dim=1)
