"""The small pair with dropouts, in jittor; each variant but `sound` has one fault."""

from __future__ import annotations

from collections.abc import Mapping

import jittor as jt
from jittor import Var as Tensor

from ports_jittor.torchlike import nn


def drop_path(x: Tensor, rate: float, training: bool, scaled: bool) -> Tensor:
    """Drop whole samples, as people write it."""
    if not training:
        return x
    kept = jt.floor(1 - rate + jt.rand((x.shape[0], 1, 1, 1)))
    return x / (1 - rate if scaled else 1.0) * kept


class Dropper(nn.Module):
    """Convolutions and a head, with three dropouts."""

    def __init__(self, variant: str) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.mix = nn.Conv2d(4, 4, 1)
        self.whole = (nn.Dropout if variant == "channels" else nn.Dropout2d)(0.25)
        self.drop = nn.Dropout({"missing": 0.0, "rate": 0.4}.get(variant, 0.5))
        self.head = nn.Linear(256, 2)
        self.scaled = variant != "unscaled"

    def forward(self, image: Tensor) -> Tensor:
        x = self.whole(self.conv(image).sigmoid())
        x = x + drop_path(self.mix(x), 0.4, self.is_training(), self.scaled)
        return self.head(self.drop(x.flatten(1)))


def build(variant: str) -> nn.Module:
    """The network of a variant."""
    return Dropper(variant)


def losses(outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The mean square."""
    apart = outputs - inputs["target"]
    return {"square": (apart * apart).mean()}
