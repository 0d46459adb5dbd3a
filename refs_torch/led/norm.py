"""Layer normalisation over the channels of each pixel."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ChannelNorm(nn.Module):
    """Without a bias the mean stays: only the size of a pixel is normalised."""

    def __init__(self, channels: int, eps: float, centred: bool = True) -> None:
        super().__init__()
        self.eps, self.centred = eps, centred
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels)) if centred else None

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight[:, None, None]
        deviation = x - x.mean(1, keepdim=True)
        scale = torch.rsqrt(deviation.square().mean(1, keepdim=True) + self.eps)
        if self.bias is None:
            return x * scale * weight
        return deviation * scale * weight + self.bias[:, None, None]
