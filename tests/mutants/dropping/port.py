"""The ports: the reference's own models, most with a fault."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.mutants.dropping import reference
from tests.mutants.dropping.reference import RATE, WIDTH, DropPath, losses

__all__ = ["build", "losses"]
OTHER = 0.3


class Unscaled(nn.Dropout):
    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input) * (1 - self.p)


class Mlp(reference.Mlp):
    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault
        self.norm.eps = 1e-2 if fault == "eps" else 1e-5
        self.drop = Unscaled(RATE) if fault == "unscaled" else nn.Dropout(OTHER if fault == "rate" else RATE)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.first(x))
        if self.fault == "before":
            return through_last(self, functional.gelu(self.drop(x)))
        x = functional.relu(x) if self.fault == "relu" else functional.gelu(x)
        x = x if self.fault == "missing" else self.drop(x)
        return through_last(self, x * 0.9 if self.fault == "scaled" else x)


def through_last(model: reference.Mlp | reference.Functional, x: Tensor) -> Tensor:
    found: Tensor = model.last(x)
    return found


class Functional(reference.Functional):
    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        rate = {"rate": OTHER, "missing": 0.0}.get(self.fault, RATE)
        trains = self.training or self.fault == "always"
        if self.fault == "before":
            return through_last(self, functional.gelu(functional.dropout(x, rate, trains)))
        x = functional.relu(x) if self.fault == "relu" else functional.gelu(x)
        x = functional.dropout(x, rate, trains)
        return through_last(self, x * 0.9 if self.fault == "scaled" else x)


class Channels(reference.Channels):
    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault
        self.drop = (
            nn.Dropout(RATE) if fault == "elements" else nn.Dropout2d(OTHER if fault == "rate" else RATE)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x[None])
        x = x if self.fault == "missing" else self.drop(x)
        found: Tensor = self.last(x * 0.9 if self.fault == "scaled" else x)
        return found


class Path(reference.Path):
    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault
        self.path = DropPath(
            OTHER if fault == "rate" else RATE,
            3 if fault == "elements" else 1,
            1.0 if fault == "unscaled" else None,
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.inner(x)
        y = y if self.fault == "missing" else self.path(y)
        found: Tensor = self.last(x + (y * 0.9 if self.fault == "scaled" else y))
        return found


class KeepsSmall(DropPath):
    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        shape = [*x.shape[: self.axes], *[1] * (x.dim() - self.axes)]
        return x * (torch.rand(shape) < 1 - self.rate).to(x.dtype) * self.scale


class Reversed(Path):
    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.path = KeepsSmall(self.path.rate, self.path.axes, self.path.scale)


def drop_path(x: Tensor, rate: float, trains: bool, scale: float) -> Tensor:
    if not trains:
        return x
    kept = (torch.rand(x.shape[0], *[1] * (x.dim() - 1)) < 1 - rate).to(x.dtype)
    return x.div(scale) * kept


class Residual(reference.Residual):
    def __init__(self, fault: str) -> None:
        super().__init__()
        self.rate = OTHER if fault == "rate" else RATE
        self.scale = 1.0 if fault == "unscaled" else 1 - self.rate

    def forward(self, x: Tensor) -> Tensor:
        x = x + drop_path(functional.relu(self.inner(x)), self.rate, self.training, self.scale)
        found: Tensor = self.last(functional.dropout(x, RATE, self.training))
        return found


def encoder(fault: str) -> nn.Module:
    model = reference.Encoder()
    model.inner = nn.TransformerEncoderLayer(
        WIDTH, 2, 32, 0.2 if fault == "rate" else 0.1, fault if fault == "relu" else "gelu",
        layer_norm_eps=1e-2 if fault == "eps" else 1e-5, batch_first=True,
    )  # fmt: skip
    if fault == "attention":
        model.inner.self_attn.dropout = 0.0
    return model


class Recurrent(reference.Recurrent):
    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    def forward(self, x: Tensor) -> Tensor:
        x = self.inner(x)[0]
        found: Tensor = self.last(x * 0.9 if self.fault == "scaled" else x)
        return found


class Moved(reference.Mlp):
    def __init__(self) -> None:
        super().__init__()
        del self.drop

    def forward(self, x: Tensor) -> Tensor:
        x = functional.gelu(self.norm(self.first(x)))
        return through_last(self, functional.dropout(x, RATE, self.training))


def build(variant: str, model: str, fault: str = "") -> nn.Module:
    if model == "moved":
        return Moved()
    kinds = {
        "mlp": Mlp,
        "functional": Functional,
        "channels": Channels,
        "path": Path,
        "reversed": Reversed,
        "residual": Residual,
        "encoder": encoder,
        "recurrent": Recurrent,
    }
    return kinds[model](fault)
