"""The small pair that learns, in torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn


class Trainee(nn.Module):
    """A convolution, a norm that is called once or twice, and a head."""

    def __init__(self, twice: bool = False) -> None:
        super().__init__()
        self.twice = twice
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, image: Tensor) -> Any:
        normed = self.norm(self.conv(image))
        if self.twice:
            normed = self.norm(normed * normed)
        return self.head(torch.sigmoid(normed))


def build(variant: str) -> nn.Module:
    """The network."""
    return Trainee(variant == "twice")


def losses(outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The mean square."""
    apart = outputs - inputs["target"]
    return {"square": (apart * apart).sum() / apart.numel()}
