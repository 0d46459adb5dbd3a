"""The reference: a stem, a sum of three branches under a gate, a shared layer, a resizing before a head."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTH = 8


class Branches(nn.Module):
    """Each step is a method, so that a port may put one thing in the place of another."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, WIDTH, 3, padding=1)
        self.norm = nn.GroupNorm(2, WIDTH)
        self.act = nn.Tanh()
        self.one, self.two, self.three = (nn.Conv2d(WIDTH, WIDTH, 3, padding=1) for _ in range(3))
        self.mix = nn.Conv2d(WIDTH, WIDTH, 1)
        self.cell = nn.Conv2d(WIDTH, WIDTH, 1)
        self.head = nn.Conv2d(WIDTH, 4, 3, padding=1)
        self.last = nn.Conv2d(4, 4, 1)

    def begin(self, x: Tensor) -> Tensor:
        return self.act(self.norm(self.stem(x)))  # type: ignore[no-any-return]

    def total(self, x: Tensor) -> Tensor:
        return self.one(x) + self.two(x) + self.three(x)  # type: ignore[no-any-return]

    def gate(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.one(x) + self.two(x))

    def gated(self, total: Tensor, gate: Tensor) -> Tensor:
        return self.mix(total * gate)  # type: ignore[no-any-return]

    def steps(self, x: Tensor) -> Tensor:
        held = x
        for place in range(4):
            held = held + self.cell(x[:, :, place : place + 9, :9].mean((2, 3), keepdim=True))
        return held

    def end(self, x: Tensor) -> Tensor:
        return self.head(F.interpolate(x, scale_factor=2.0))  # type: ignore[no-any-return]

    def larger(self, x: Tensor) -> Tensor:
        return torch.maximum(0.1 * x, x)

    def forward(self, x: Tensor) -> Tensor:
        begun = self.begin(x)
        found = self.steps(self.gated(self.total(begun), self.gate(begun)))
        return self.last(self.larger(self.end(found)))  # type: ignore[no-any-return]


def build(variant: str, fault: str) -> nn.Module:
    return Branches()


def losses(outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {"square": (outputs * outputs).mean()}
