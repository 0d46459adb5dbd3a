"""Gathering features of several levels at one size, and injecting the gathered ones into a level."""

from __future__ import annotations

from typing import Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.older_python import strict_zip
from refs_torch.gold_yolo.blocks import ConvModule, SimConv

Size = Tuple[int, int]


def size_of(x: Tensor) -> Size:
    """Height and width."""
    return int(x.shape[-2]), int(x.shape[-1])


def pool(x: Tensor, size: Size) -> Tensor:
    """The mean over windows that share the map out evenly."""
    return functional.adaptive_avg_pool2d(x, size)


def pool_with_one_window(x: Tensor, size: Size) -> Tensor:
    """The rule of exported networks: one window and stride; another result where sizes do not divide."""
    strides = [have // want for have, want in strict_zip(size_of(x), size)]
    kernel = [have - (want - 1) * step for have, want, step in strict_zip(size_of(x), size, strides)]
    return functional.avg_pool2d(x, (kernel[0], kernel[1]), (strides[0], strides[1]))


def bilinear(x: Tensor, size: Size) -> Tensor:
    """Resized between pixel centres."""
    return functional.interpolate(x, size=size, mode="bilinear", align_corners=False)


class LowFAM(nn.Module):
    """All four levels of the backbone at the size of the third."""

    def forward(self, c2: Tensor, c3: Tensor, c4: Tensor, c5: Tensor) -> Tensor:
        size = size_of(c4)
        return torch.cat((pool(c2, size), pool(c3, size), c4, bilinear(c5, size)), dim=1)


class HighFAM(nn.Module):
    """Three levels at half the size of the coarsest one."""

    def __init__(self, one_window: bool = False) -> None:
        super().__init__()
        self.one_window = one_window

    def forward(self, p3: Tensor, p4: Tensor, c5: Tensor) -> Tensor:
        height, width = size_of(c5)
        size = (height - 1) // 2 + 1, (width - 1) // 2 + 1
        shrink = pool_with_one_window if self.one_window else pool
        return torch.cat([shrink(level, size) for level in (p3, p4, c5)], dim=1)


class LowLAF(nn.Module):
    """A level with its two neighbours."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.cv1 = SimConv(inputs, outputs)
        self.cv_fuse = SimConv(3 * outputs, outputs)

    def forward(self, finer: Tensor, level: Tensor, coarser: Tensor) -> Tensor:
        size = size_of(level)
        parts = (pool(finer, size), self.cv1(level), bilinear(coarser, size))
        return self.cv_fuse(torch.cat(parts, dim=1))


class AdvPool(nn.Module):
    """A finer level pooled to the size of a coarser one, beside it."""

    def forward(self, finer: Tensor, level: Tensor) -> Tensor:
        return torch.cat((pool(finer, size_of(level)), level), dim=1)


class HardSigmoid(nn.Module):
    """min(max(x + 3, 0), 6) / 6."""

    def __init__(self) -> None:
        super().__init__()
        self.relu = nn.ReLU6()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(x + 3) / 6


class Injection(nn.Module):
    """Weighs a level by the gathered features and adds them; only the heights decide how they are resized."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.local_embedding = ConvModule(channels, channels)
        self.global_embedding = ConvModule(channels, channels)
        self.global_act = ConvModule(channels, channels)
        self.act = HardSigmoid()

    def forward(self, local: Tensor, gathered: Tensor) -> Tensor:
        size = size_of(local)
        own, weight, shift = (
            self.local_embedding(local),
            self.global_act(gathered),
            self.global_embedding(gathered),
        )
        if size[0] < gathered.shape[-2]:
            return own * pool(weight, size) + pool(shift, size)  # without the hard sigmoid, as published
        return own * bilinear(self.act(weight), size) + bilinear(shift, size)
