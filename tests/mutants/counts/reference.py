"""The reference: two branches take what one stage returns, and another stage runs twice."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

WIDTH = 8


class Stages(nn.Module):
    """Each step is a method, so that a port may do one otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, WIDTH, 3, padding=1)
        self.stage = nn.Sequential(nn.Conv2d(WIDTH, WIDTH, 3, padding=1), nn.BatchNorm2d(WIDTH), nn.Tanh())
        self.left, self.right = (nn.Conv2d(WIDTH, WIDTH, 3, padding=1) for _ in range(2))
        self.twin = nn.Sequential(nn.Conv2d(WIDTH, WIDTH, 1), nn.BatchNorm2d(WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        begun = self.stem(x)
        staged = self.stage(begun)
        both = torch.tanh(self.left(staged) + self.right(self.taken(begun, staged)))
        return self.twins(both)

    def taken(self, begun: Tensor, staged: Tensor) -> Tensor:
        """What the right branch takes."""
        return staged

    def twins(self, x: Tensor) -> Tensor:
        return self.twin(x) * self.twin(x)  # type: ignore[no-any-return]


def build(variant: str, fault: str) -> nn.Module:
    return Stages()


def losses(outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {"square": (outputs * outputs).mean()}
