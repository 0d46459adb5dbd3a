"""The ports: the reference's own models, some with a fault."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import relu

from tests.mutants.random import reference
from tests.mutants.random.reference import losses

__all__ = ["build", "losses"]


def _relu(model: Any) -> None:
    for layer in model.layers:
        layer.activation = relu


def _scaled(model: Any) -> None:
    def scaled(module: nn.Module, given: Any, found: Tensor) -> Tensor:
        return found * 0.9

    model.layers[1].linear2.register_forward_hook(scaled)


def _eps(model: Any) -> None:
    model.layers[0].norm1.eps = 1e-2


def _scale(model: Any) -> None:
    model.scale = 0.99


def _spread(model: Any) -> None:
    model.spread = 0.11


def _narrow(model: Any) -> None:
    model.width = 8


FAULTS: dict[str, Callable[[Any], None]] = {
    "": lambda model: None,
    "relu": _relu,
    "scaled": _scaled,
    "eps": _eps,
    "scale": _scale,
    "spread": _spread,
    "narrow": _narrow,
}


def build(variant: str, model: str, fault: str = "") -> nn.Module:
    made = reference.MODELS[model]()
    FAULTS[fault](made)
    return made
