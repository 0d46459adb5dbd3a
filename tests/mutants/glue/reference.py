"""The reference: operations whose inputs come out of a chunk, an index, a reshape, a transposed weight."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

WIDTH = 16


class Glue(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(WIDTH, WIDTH)
        self.blocks = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, WIDTH))
        self.weight = nn.Parameter(torch.zeros(8, 8))
        self.head = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        stem = self.stem(x)
        left, right = stem.chunk(2, -1)
        both = (left + right) * 0.5 - right
        deep = self.blocks(stem.reshape(12, WIDTH)).reshape(3, 4, WIDTH)
        share = torch.softmax(deep[..., :8], -1)
        found: Tensor = self.head(torch.matmul(share, self.weight.t()) + both)
        return found


def build(variant: str, fault: str) -> nn.Module:
    return Glue()


def losses(outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {"square": (outputs * outputs).mean()}
