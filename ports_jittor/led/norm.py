"""Layer normalisation over the channels of each pixel."""

from __future__ import annotations

import jittor as jt
from jittor import Var as Tensor

from ports_jittor.torchlike import functional, nn, reduce


class ChannelNorm(nn.Module):
    """Without a bias the mean stays: only the size of a pixel is normalised. Channels lie along `axis`."""

    def __init__(self, channels: int, eps: float, centred: bool = True, axis: int = 1) -> None:
        super().__init__()
        self.eps, self.centred, self.axis = eps, centred, axis
        self.weight = nn.Parameter(jt.ones(channels))
        self.bias = nn.Parameter(jt.zeros(channels)) if centred else None

    def forward(self, x: Tensor) -> Tensor:
        if self.bias is None:
            variance = reduce.var(x, self.axis, correction=0, keepdim=True)
            shape = (-1, *[1] * (x.ndim - 1 - self.axis))
            return x * (self.weight.reshape(shape) / jt.sqrt(variance + self.eps))
        if self.axis == 1:
            return functional.channel_layer_norm(x, self.weight, self.bias, self.eps)
        return functional.layer_norm(x, tuple(self.weight.shape), self.weight, self.bias, self.eps)
