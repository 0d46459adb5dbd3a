"""The decoder: space-squeeze attention (SSA), or one convolution where that is off."""

from __future__ import annotations

import math

import jittor as jt
from jittor import Var as Tensor

from ports_jittor.cpanet.attention import CBAM
from ports_jittor.torchlike import functional as F
from ports_jittor.torchlike import nn

DROPPED = 0.1
CLASSES = 2


class SpaceSqueeze(nn.Module):
    """Squeezes the map twice by two, puts the three scales together, and attends to the result."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.Done1 = _squeeze(channels)
        self.Done2 = _squeeze(channels)
        self.conv_cat = nn.Sequential(
            nn.Conv2d(3 * channels, channels, 1, bias=False),
            nn.ReLU(),
            nn.Dropout2d(DROPPED),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.ReLU(),
            nn.Dropout2d(DROPPED),
        )
        self.res_conv = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.ReLU(), nn.Dropout2d(DROPPED)
        )
        self.cls = nn.Sequential(nn.Conv2d(channels, CLASSES, 1))
        self.Cbam = CBAM(channels)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                fan = math.prod(module.kernel_size) * module.out_channels
                jt.init.gauss_(module.weight, std=math.sqrt(2 / fan))

    def forward(self, u: Tensor) -> Tensor:
        half = self.Done1(u)
        quarter = self.Done2(half)
        scales = [u, _enlarged(half, 2), _enlarged(quarter, 4)]
        c = self.conv_cat(jt.concat(scales, dim=1))
        return self.cls(self.res_conv(c) + self.Cbam(c))


def plain_decoder(channels: int) -> nn.Sequential:
    """A fully convolutional decoder in the place of SpaceSqueeze."""
    return nn.Sequential(nn.Conv2d(channels, CLASSES, 1))


def _squeeze(channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, channels, 2, 2, bias=False), nn.ReLU(), nn.Dropout2d(DROPPED))


def _enlarged(x: Tensor, factor: int) -> Tensor:
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=True)
