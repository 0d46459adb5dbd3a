"""Layer normalisation over the channels of each pixel."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ChannelNorm(nn.Module):
    """Without a bias the mean stays: only the size of a pixel is normalised. Channels lie along `axis`."""

    def __init__(self, channels: int, eps: float, centred: bool = True, axis: int = 1) -> None:
        super().__init__()
        self.eps, self.centred, self.axis = eps, centred, axis
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels)) if centred else None

    def forward(self, x: Tensor) -> Tensor:
        shape = (-1, *[1] * (x.ndim - 1 - self.axis))
        weight = self.weight.reshape(shape)
        deviation = x - x.mean(self.axis, keepdim=True)
        scale = torch.rsqrt(deviation.square().mean(self.axis, keepdim=True) + self.eps)
        if self.bias is None:
            return x * scale * weight
        return deviation * scale * weight + self.bias.reshape(shape)
