"""Channel and spatial attention (CBAM)."""

from __future__ import annotations

import jittor as jt
from jittor import Var as Tensor

from ports_jittor.torchlike import functional as F
from ports_jittor.torchlike import nn
from ports_jittor.torchlike.reduce import max, mean

REDUCTION = 16


class ChannelAttention(nn.Module):
    """A weight from 0 to 1 a channel, from its maximum and its mean."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.max_pool = nn.AdaptiveMaxPool2d(1)
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // REDUCTION, bias=False),
            nn.ReLU(),
            nn.Linear(channels // REDUCTION, channels, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        largest = self.fc(self.max_pool(x).flatten(1))
        average = self.fc(self.avg_pool(x).flatten(1))
        return F.sigmoid(largest + average).unsqueeze(2).unsqueeze(3) * x


class SpatialAttention(nn.Module):
    """A weight from 0 to 1 a pixel, from the maximum and the mean of its channels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 7, padding=3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        largest, _ = max(x, dim=1, keepdim=True)
        average = mean(x, dim=1, keepdim=True)
        return F.sigmoid(self.conv(jt.concat([largest, average], dim=1))) * x


class CBAM(nn.Module):
    """Attention over channels, then over pixels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channel_attention = ChannelAttention(channels)
        self.spacial_attention = SpatialAttention()  # the published spelling, which the checkpoints have

    def forward(self, x: Tensor) -> Tensor:
        return self.spacial_attention(self.channel_attention(x))
