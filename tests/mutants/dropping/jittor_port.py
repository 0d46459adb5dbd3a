"""The ports in Jittor, in its own layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jittor as jt
from jittor import Var as Tensor
from jittor import nn
from jittor.attention import MultiheadAttention

RATE, OTHER, WIDTH = 0.4, 0.3, 16


class Unscaled(nn.Dropout):
    def execute(self, input: Tensor) -> Tensor:
        return super().execute(input) * (1 - self.p)


class Model(nn.Module):
    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    @property
    def rate(self) -> float:
        return {"rate": OTHER, "missing": 0.0}.get(self.fault, RATE)

    def activated(self, x: Tensor) -> Tensor:
        found: Tensor = nn.relu(x) if self.fault == "relu" else nn.gelu(x)
        return found * 0.9 if self.fault == "scaled" else found


class Mlp(Model):
    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.first = nn.Linear(WIDTH, 2 * WIDTH)
        self.norm = nn.LayerNorm(2 * WIDTH, eps=1e-2 if fault == "eps" else 1e-5)
        self.drop = Unscaled(RATE) if fault == "unscaled" else nn.Dropout(self.rate)
        self.last = nn.Linear(2 * WIDTH, WIDTH)

    def execute(self, x: Tensor) -> Tensor:
        x = self.norm(self.first(x))
        if self.fault == "before":
            return self.last(nn.gelu(self.drop(x)))
        return self.last(self.drop(self.activated(x)))


class Functional(Model):
    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.first = nn.Linear(WIDTH, 2 * WIDTH)
        self.last = nn.Linear(2 * WIDTH, WIDTH)

    def execute(self, x: Tensor) -> Tensor:
        x, trains = self.first(x), self.is_training() or self.fault == "always"
        if self.fault == "before":
            return self.last(nn.gelu(nn.dropout(x, self.rate, trains)))
        return self.last(nn.dropout(self.activated(x), self.rate, trains))


class Moved(Functional):
    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.norm = nn.LayerNorm(2 * WIDTH)

    def execute(self, x: Tensor) -> Tensor:
        x = self.activated(self.norm(self.first(x)))
        return self.last(nn.dropout(x, self.rate, self.is_training()))


class Channels(Model):
    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.first = nn.Conv2d(4, 8, 3, padding=1)
        self.drop = nn.Dropout(RATE) if fault == "elements" else nn.Dropout2d(self.rate)
        self.last = nn.Conv2d(8, 4, 3, padding=1)

    def execute(self, x: Tensor) -> Tensor:
        x = self.drop(self.first(x.unsqueeze(0)))
        return self.last(x * 0.9 if self.fault == "scaled" else x)


class Layer(Model):
    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        rate, eps = (0.2 if fault == "rate" else 0.1), (1e-2 if fault == "eps" else 1e-5)
        self.self_attn = MultiheadAttention(
            WIDTH, 2, dropout=0.0 if fault == "attention" else rate, batch_first=True
        )
        self.linear1, self.linear2 = nn.Linear(WIDTH, 32), nn.Linear(32, WIDTH)
        self.dropout, self.dropout1, self.dropout2 = nn.Dropout(rate), nn.Dropout(rate), nn.Dropout(rate)
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH, eps=eps), nn.LayerNorm(WIDTH, eps=eps)

    def execute(self, x: Tensor) -> Tensor:
        x = self.norm1(x + self.dropout1(self.self_attn(x, x, x, need_weights=False)[0]))
        return self.norm2(x + self.dropout2(self.linear2(self.dropout(self.activated(self.linear1(x))))))


class Encoder(nn.Module):
    def __init__(self, fault: str) -> None:
        super().__init__()
        self.inner = Layer(fault)

    def execute(self, x: Tensor) -> Tensor:
        return self.inner(x)


class Recurrent(Model):
    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.inner = nn.LSTM(WIDTH, WIDTH, 2, dropout=RATE)
        self.last = nn.Linear(WIDTH, WIDTH)

    def execute(self, x: Tensor) -> Tensor:
        x = self.inner(x)[0]
        return self.last(x * 0.9 if self.fault == "scaled" else x)


class DropPath(nn.Module):
    def __init__(self, rate: float, axes: int, scale: float) -> None:
        super().__init__()
        self.rate, self.axes, self.scale = rate, axes, scale

    def execute(self, x: Tensor) -> Tensor:
        if not self.is_training() or self.rate == 0:
            return x
        shape = [*x.shape[: self.axes], *[1] * (x.ndim - self.axes)]
        return x * (jt.rand(shape) >= self.rate).float32() * self.scale


class Path(Model):
    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.inner, self.last = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        scale = 1.0 if fault == "unscaled" else 1 / (1 - self.rate)
        self.path = DropPath(self.rate, 3 if fault == "elements" else 1, scale)

    def execute(self, x: Tensor) -> Tensor:
        y = self.path(self.inner(x))
        return self.last(x + (y * 0.9 if self.fault == "scaled" else y))


class KeepsSmall(DropPath):
    def execute(self, x: Tensor) -> Tensor:
        if not self.is_training() or self.rate == 0:
            return x
        shape = [*x.shape[: self.axes], *[1] * (x.ndim - self.axes)]
        return x * (jt.rand(shape) < 1 - self.rate).float32() * self.scale


class Reversed(Path):
    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.path = KeepsSmall(self.path.rate, self.path.axes, self.path.scale)


def drop_path(x: Tensor, rate: float, trains: bool, scale: float) -> Tensor:
    if not trains:
        return x
    return x / scale * (jt.rand([x.shape[0], *[1] * (x.ndim - 1)]) < 1 - rate).float32()


class Residual(nn.Module):
    def __init__(self, fault: str) -> None:
        super().__init__()
        self.inner, self.last = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.rate = OTHER if fault == "rate" else RATE
        self.scale = 1.0 if fault == "unscaled" else 1 - self.rate

    def execute(self, x: Tensor) -> Tensor:
        x = x + drop_path(nn.relu(self.inner(x)), self.rate, self.is_training(), self.scale)
        return self.last(nn.dropout(x, RATE, self.is_training()))


MODELS: dict[str, Any] = {
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
    return MODELS[model](fault)


def losses(outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {"square": (outputs * outputs).mean()}
