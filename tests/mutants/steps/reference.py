"""A small network in torch: a convolution, a norm, a head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn


class Small(nn.Module):
    """Two layers with a norm between them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.head = nn.Linear(6, 4)

    def forward(self, image: Tensor) -> Any:
        return self.head(torch.relu(self.norm(self.conv(image))).mean((2, 3)))


def build(variant: str, training: str) -> nn.Module:
    """The network."""
    return Small()


def losses(outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The mean square."""
    return {"square": ((outputs - inputs["target"]) ** 2).mean()}
