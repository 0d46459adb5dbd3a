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


class Noise(Drawing):
    def __init__(self, spread: float) -> None:
        super().__init__()
        self.spread = spread

    def forward(self, x: Tensor) -> Tensor:
        mean, spread = self.fc(x).chunk(2, -1)
        x = mean + jt.randn_like(mean) * (0.1 * spread).exp()
        x = x + jt.normal(0.5, self.spread, size=x.shape) + (jt.rand(x.shape) * 2 - 1)
        x = x * jt.bernoulli(jt.full_like(x, 0.7)) + jt.normal(mean.detach(), 1.0)
        return x[jt.randperm(x.shape[0])] * jt.randint(1, 4, (1,))


def build(variant: str, model: str, fault: str = "") -> nn.Module:
    if model == "noise":
        return Noise(0.11 if fault else 0.1)
    return Drawing() if model == "drawing" else Functional(0.99 if fault else 1.0)


def losses(outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {"square": (outputs * outputs).mean()}
