"""The references: each drops at random in a way of its own, and some draw."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, dropout1d, scaled_dot_product_attention

WIDTH = 16


def encoder() -> nn.Module:
    layer = nn.TransformerEncoderLayer(WIDTH, 2, 32, activation="gelu", batch_first=True)
    return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(WIDTH, WIDTH, 2, dropout=0.5, batch_first=True)
        self.gru = nn.GRU(WIDTH, WIDTH, 2, dropout=0.5, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.gru(self.rnn(x)[0])[0]


class DropPath(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * torch.empty(x.shape[0], 1, 1).bernoulli_(0.5) * 2 if self.training else x


class Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(WIDTH, WIDTH)
        self.head = nn.Linear(WIDTH, WIDTH)
        self.path = DropPath()
        self.scale = 1.0

    def forward(self, x: Tensor) -> Tensor:
        x = dropout1d(dropout(self.fc(x), 0.3, self.training), training=self.training) * self.scale
        x = self.path(x)
        rate = 0.2 if self.training else 0.0
        return self.head(scaled_dot_product_attention(x, x, x, dropout_p=rate))


class Drawing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.fc(x) + torch.rand(WIDTH)
        return found


class Noise(Drawing):
    """What it draws, the port can be given as well."""

    spread = 0.1

    def forward(self, x: Tensor) -> Tensor:
        mean, spread = self.fc(x).chunk(2, -1)
        x = mean + torch.randn_like(mean) * (0.1 * spread).exp()
        x = x + torch.empty_like(x).normal_(0.5, std=self.spread) + torch.empty_like(x).uniform_(-1, to=1)
        x = x * torch.bernoulli(torch.full_like(x, 0.7)) + torch.normal(mean.detach(), 1.0)
        found: Tensor = x[torch.randperm(len(x))] * torch.randint(1, 4, (1,))
        return found


class Hidden(Drawing):
    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.fc(x) * random.random()
        return found


class Seeded(Drawing):
    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.fc(x) + torch.rand(WIDTH, generator=torch.Generator().manual_seed(0))
        return found


class Wide(Drawing):
    """The port returns another shape."""

    width = WIDTH

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)[..., : self.width]


MODELS: dict[str, Callable[[], nn.Module]] = {
    "encoder": encoder,
    "recurrent": Recurrent,
    "functional": Functional,
    "drawing": Drawing,
    "noise": Noise,
    "hidden": Hidden,
    "seeded": Seeded,
    "wide": Wide,
}


def build(variant: str, model: str, fault: str = "") -> nn.Module:
    return MODELS[model]()


def losses(outputs: Tensor, inputs: Mapping[str, Any]) -> dict[str, Tensor]:
    return {"square": (outputs * outputs).mean()}
