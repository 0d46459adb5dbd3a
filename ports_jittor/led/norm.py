"""Layer normalisation over the channels of each pixel."""

from __future__ import annotations

import jittor as jt
from jittor import Var as Tensor

from ports_jittor.torchlike import functional, nn, reduce


class ChannelNorm(nn.Module):
    """Without a bias the mean stays: only the size of a pixel is normalised."""

    def __init__(self, channels: int, eps: float, centred: bool = True) -> None:
        super().__init__()
        self.eps, self.centred = eps, centred
        self.weight = nn.Parameter(jt.ones(channels))
        self.bias = nn.Parameter(jt.zeros(channels)) if centred else None

    def forward(self, x: Tensor) -> Tensor:
        if self.bias is None:
            variance = reduce.var(x, 1, correction=0, keepdim=True)
            return x * (self.weight.reshape((1, -1, 1, 1)) / jt.sqrt(variance + self.eps))
        return functional.channel_layer_norm(x, self.weight, self.bias, self.eps)
