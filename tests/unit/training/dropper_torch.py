"""The small pair with dropouts, in torch."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def drop_path(x: Tensor, rate: float, training: bool) -> Tensor:
    """Drop whole samples, as people write it."""
    if not training:
        return x
    kept = torch.floor(1 - rate + torch.rand((x.shape[0], 1, 1, 1), dtype=x.dtype))
    return x / (1 - rate) * kept


class Dropper(nn.Module):
    """Convolutions and a head, with three dropouts."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.mix = nn.Conv2d(4, 4, 1)
        self.whole = nn.Dropout2d(0.25)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(256, 2)

    def forward(self, image: Tensor) -> Tensor:
        x = self.whole(torch.sigmoid(self.conv(image)))
        x = x + drop_path(self.mix(x), 0.4, self.training)
        return self.head(self.drop(x.flatten(1)))


def build(variant: str) -> nn.Module:
    """The network, the same for every variant."""
    return Dropper()


def losses(outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The mean square."""
    apart = outputs - inputs["target"]
    return {"square": (apart * apart).mean()}
