"""The references."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH, RATE = 16, 0.4


class Mlp(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(WIDTH, 2 * WIDTH)
        self.norm = nn.LayerNorm(2 * WIDTH)
        self.drop: nn.Module = nn.Dropout(RATE)
        self.last = nn.Linear(2 * WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.last(self.drop(functional.gelu(self.norm(self.first(x)))))
        return found


class Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(WIDTH, 2 * WIDTH)
        self.last = nn.Linear(2 * WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.dropout(functional.gelu(self.first(x)), RATE, self.training)
        found: Tensor = self.last(x)
        return found


class Channels(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(4, 8, 3, padding=1)
        self.drop: nn.Module = nn.Dropout2d(RATE)
        self.last = nn.Conv2d(8, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.last(self.drop(self.first(x[None])))
        return found


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.TransformerEncoderLayer(WIDTH, 2, 32, activation="gelu", batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.inner(x)
        return found


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.LSTM(WIDTH, WIDTH, 2, dropout=RATE)
        self.last = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.last(self.inner(x)[0])
        return found


class DropPath(nn.Module):
    def __init__(self, rate: float = RATE, axes: int = 1, scale: float | None = None) -> None:
        super().__init__()
        self.rate, self.axes, self.scale = rate, axes, 1 / (1 - rate) if scale is None else scale

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        shape = [*x.shape[: self.axes], *[1] * (x.dim() - self.axes)]
        return x * (torch.rand(shape) >= self.rate).to(x.dtype) * self.scale


class Path(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(WIDTH, WIDTH)
        self.path: nn.Module = DropPath()
        self.last = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.last(x + self.path(self.inner(x)))
        return found


class Reversed(Path):
    """It keeps where a number is large, and the port where it is small."""


def drop_path(x: Tensor, rate: float, trains: bool) -> Tensor:
    if not trains or rate == 0:
        return x
    kept = 1 - rate + torch.rand(x.shape[0], *[1] * (x.dim() - 1), dtype=x.dtype)
    return x.div(1 - rate) * kept.floor_()


class Residual(nn.Module):
    """A drop path and a dropout, both functions that no module of their own calls."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.last = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        x = x + drop_path(functional.relu(self.inner(x)), RATE, self.training)
        found: Tensor = self.last(functional.dropout(x, RATE, self.training))
        return found


class Moved(Mlp):
    """The dropout is a module here, and a function in the port."""


MODELS: dict[str, Callable[[], nn.Module]] = {
    "mlp": Mlp,
    "functional": Functional,
    "channels": Channels,
    "encoder": Encoder,
    "recurrent": Recurrent,
    "path": Path,
    "reversed": Reversed,
    "residual": Residual,
    "moved": Moved,
}


def build(variant: str, model: str, fault: str = "") -> nn.Module:
    return MODELS[model]()


def losses(outputs: Tensor, inputs: Mapping[str, Any]) -> dict[str, Tensor]:
    return {"square": (outputs * outputs).mean()}
