"""The tied model in plain Jittor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import jittor as jt
from jittor import Var as Tensor
from jittor import nn


class Tied(nn.Module):
    def __init__(self, order: Sequence[str]) -> None:
        super().__init__()
        for name in order or ("embed", "head"):
            setattr(self, name, nn.Embedding(7, 3) if name == "embed" else nn.Linear(3, 7, bias=False))
        if order:
            self.head.weight = self.embed.weight
        self.scale = nn.Parameter(jt.array(0.5))

    def execute(self, tokens: Tensor) -> Tensor:
        return self.head(self.embed(tokens)) * self.scale


def build(variant: str, order: Sequence[str]) -> nn.Module:
    return Tied(order)


def losses(outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {"square": (outputs * outputs).sum()}
