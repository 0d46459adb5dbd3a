"""Building blocks: convolutions with their norm, re-parameterisable blocks, and stages of them."""

from __future__ import annotations

from collections import OrderedDict
from typing import Callable

import jittor as jt
from jittor import Var as Tensor

from harness.pairs.gold_yolo.config import FINE, FUSED, Config
from ports_jittor.torchlike import nn


class Conv(nn.Module):
    """Convolution, norm and SiLU."""

    activation: Callable[[], nn.Module] = nn.SiLU

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, bias: bool = False
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=bias)
        self.bn = nn.BatchNorm2d(outputs, FINE.eps, FINE.momentum)
        self.act = self.activation()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.conv(x)))


class SimConv(Conv):
    """Convolution, norm and ReLU."""

    activation = nn.ReLU


class FusionConv(Conv):
    """Convolution, norm and SiLU around the fused features; deployment leaves these as they are."""


class ConvWrapper(nn.Module):
    """A 3x3 convolution with a bias before its norm: the basic block of the largest network."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.block = Conv(inputs, outputs, 3, stride, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)


def conv_bn(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Sequential:
    """A branch of a RepVGG block."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return nn.Sequential(OrderedDict(conv=conv, bn=nn.BatchNorm2d(outputs, FINE.eps, FINE.momentum)))


class RepVGGBlock(nn.Module):
    """The sum of a 3x3, a 1x1 and, where the shape stays, an identity branch, each normalised; then ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.nonlinearity = nn.ReLU()
        self.se = nn.Identity()
        self.rbr_identity = None
        if inputs == outputs and stride == 1:
            self.rbr_identity = nn.BatchNorm2d(inputs, FINE.eps, FINE.momentum)
        self.rbr_dense = conv_bn(inputs, outputs, 3, stride)
        self.rbr_1x1 = conv_bn(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        total = self.rbr_dense(x) + self.rbr_1x1(x)
        if self.rbr_identity is not None:
            total = total + self.rbr_identity(x)
        return self.nonlinearity(self.se(total))


Basic = Callable[..., nn.Module]


def basic_block(config: Config) -> Basic:
    """What the network is made of."""
    return RepVGGBlock if config.block == "repvgg" else ConvWrapper


class BottleRep(nn.Module):
    """Two basic blocks beside a shortcut whose weight is learned."""

    def __init__(self, inputs: int, outputs: int, basic: Basic) -> None:
        super().__init__()
        self.alpha = nn.Parameter(jt.ones(1))
        self.conv1 = basic(inputs, outputs)
        self.conv2 = basic(outputs, outputs)
        self.shortcut = inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(self.conv1(x))
        return y + self.alpha * x if self.shortcut else y


class RepBlock(nn.Module):
    """A stack of `repeats` blocks."""

    def __init__(self, inputs: int, outputs: int, repeats: int, block: Basic) -> None:
        super().__init__()
        self.conv1 = block(inputs, outputs)
        self.block = None
        if repeats > 1:
            self.block = nn.Sequential(*(block(outputs, outputs) for _ in range(repeats - 1)))

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        return x if self.block is None else self.block(x)


class ConvC3(Conv):
    """A 1x1 convolution with norm; SiLU or ReLU as the basic block has."""

    def __init__(self, inputs: int, outputs: int, silu: bool) -> None:
        super().__init__(inputs, outputs)
        self.act = nn.SiLU() if silu else nn.ReLU()


class BepC3(nn.Module):
    """A cross-stage stage: half of it goes through a stack of bottlenecks."""

    def __init__(self, inputs: int, outputs: int, repeats: int, config: Config) -> None:
        super().__init__()
        hidden, silu, basic = config.hidden(outputs), config.block == "conv_silu", basic_block(config)

        def bottleneck(before: int, after: int) -> nn.Module:
            return BottleRep(before, after, basic)

        self.cv1 = ConvC3(inputs, hidden, silu)
        self.cv2 = ConvC3(inputs, hidden, silu)
        self.cv3 = ConvC3(2 * hidden, outputs, silu)
        self.m = RepBlock(hidden, hidden, repeats // 2, bottleneck)

    def forward(self, x: Tensor) -> Tensor:
        return self.cv3(jt.concat((self.m(self.cv1(x)), self.cv2(x)), dim=1))


def stage(inputs: int, outputs: int, repeats: int, config: Config) -> nn.Module:
    """What follows a change of resolution or of width."""
    if config.csp_e is None:
        return RepBlock(inputs, outputs, repeats, basic_block(config))
    return BepC3(inputs, outputs, repeats, config)


class FusedConv(nn.Module):
    """A 1x1 convolution and a norm of the fused features' kind, without an activation."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.c = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.bn = nn.BatchNorm2d(outputs, FUSED.eps, FUSED.momentum)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.c(x))


class ConvModule(nn.Module):
    """The same under other names; it starts from other weights."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.bn = nn.BatchNorm2d(outputs, FUSED.eps, FUSED.momentum)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x))
