"""The ports in Jittor of a reference that drops and of one that draws."""

from __future__ import annotations

from collections.abc import Mapping

import jittor as jt
from jittor import Var as Tensor
from jittor import nn as plain
from jittor.attention import scaled_dot_product_attention
from jittor.nn import dropout

from ports_jittor.torchlike import functional, nn

WIDTH = 16


class Functional(nn.Module):
    def __init__(self, scale: float) -> None:
        super().__init__()
        self.fc = nn.Linear(WIDTH, WIDTH)
        self.head = nn.Linear(WIDTH, WIDTH)
        self.path = plain.DropPath(0.5)
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        x = functional.dropout2d(dropout(self.fc(x), 0.3, is_train=True)) * self.scale
        x = self.path(x)
        return self.head(scaled_dot_product_attention(x, x, x, dropout_p=0.2))


class Drawing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x) + jt.rand(WIDTH)


def build(variant: str, model: str, fault: str = "") -> nn.Module:
    return Drawing() if model == "drawing" else Functional(0.99 if fault else 1.0)


def losses(outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {"square": (outputs * outputs).mean()}
