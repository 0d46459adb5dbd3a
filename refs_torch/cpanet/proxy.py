"""The cross-position proxy (CPP): one prototype from the masked features of a support."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LEAST_AREA = 1e-6


class CrossPositionProxy(nn.Module):
    """Every position attends to a pooled grid of all; the prototype is the maximum over the positions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 2
        self.g = nn.Sequential(nn.Conv2d(channels, inner, 1), nn.MaxPool2d(2))
        norm = nn.BatchNorm2d(channels)
        nn.init.zeros_(norm.weight)  # at the start the prototype is the plain maximum
        self.W = nn.Sequential(nn.Conv2d(inner, channels, 1), norm)
        self.theta = nn.Conv2d(channels, inner, 1)
        self.phi = nn.Sequential(nn.Conv2d(channels, inner, 1), nn.MaxPool2d(2))
        self.avg_pool = nn.AdaptiveMaxPool2d(1)  # the published name; many positions tie: the first counts

    def forward(self, z: Tensor) -> Tensor:
        values = self.g(z).flatten(2).permute(0, 2, 1)
        queries = self.theta(z).flatten(2).permute(0, 2, 1)
        keys = self.phi(z).flatten(2)
        attention = F.softmax(torch.matmul(queries, keys), dim=-1)
        seen = torch.matmul(attention, values).permute(0, 2, 1)
        seen = seen.reshape(z.shape[0], -1, z.shape[2], z.shape[3])
        return self.avg_pool(self.W(seen) + z)


def masked_average(features: Tensor, mask: Tensor) -> Tensor:
    """The mean of the features under a mask with values from 0 to 1, which stands in where CPP is off."""
    area = mask.sum((2, 3), keepdim=True).clamp(min=LEAST_AREA)
    return (features * mask).sum((2, 3), keepdim=True) / area
