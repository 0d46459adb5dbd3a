"""The faults that can be injected: what each does to a layer's result, its parameters, or the loss."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

Result = Callable[[Any, Any], Any]  # of what the layer returned and of its first input


def _reordered(axis: int, order: Callable[[int], list[int]]) -> Result:
    def change(result: Any, given: Any) -> Any:
        return result[(slice(None),) * axis + (order(result.shape[axis]),)]

    return change


def _reversed(size: int) -> list[int]:
    return list(range(size))[::-1]


def _rolled(size: int) -> list[int]:
    return [size - 1, *range(size - 1)]


def _relu(tensor: Any) -> Any:
    return tensor * (tensor > 0).float()


def _per_channel(result: Any, given: Any) -> Any:
    parts = [result[:, place : place + 1] + 1e-2 * (place + 1) for place in range(result.shape[1])]
    joined = result * 0
    for place, part in enumerate(parts):
        joined[:, place : place + 1] = part
    return joined


RESULTS: dict[str, Result] = {
    "scaled": lambda y, x: y * 1.001,
    "shifted": lambda y, x: y + 1e-3,
    "negated": lambda y, x: -y,
    "columns flipped": _reordered(3, _reversed),
    "rows flipped": _reordered(2, _reversed),
    "height and width exchanged": lambda y, x: y.transpose(2, 3),
    "shifted by a column": _reordered(3, _rolled),
    "shifted by a row": _reordered(2, _rolled),
    "channels reversed": _reordered(1, _reversed),
    "channels rolled": _reordered(1, _rolled),
    "ReLU added": lambda y, x: _relu(y),
    "sigmoid added": lambda y, x: y.sigmoid(),
    "tanh added": lambda y, x: y.tanh(),
    "absolute value": lambda y, x: _relu(y) + _relu(-y),
    "half precision": lambda y, x: y.half().float(),
    "zeroed": lambda y, x: y * 0,
    "left out": lambda y, x: x,
    "leaky": lambda y, x: y - 0.01 * _relu(-x),
    "SiLU for ReLU": lambda y, x: x * x.sigmoid(),
    "capped at 6": lambda y, x: y - _relu(y - 6),
    "number a channel added": _per_channel,
    "detached": lambda y, x: y.detach(),
    "gradient doubled": lambda y, x: 2 * y - y.detach(),
}
STATES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "kernel transposed": ("weight", lambda w: w.swapaxes(-1, -2)),
    "kernel flipped left to right": ("weight", lambda w: w[..., ::-1]),
    "kernel flipped upside down": ("weight", lambda w: w[..., ::-1, :]),
    "kernel turned": ("weight", lambda w: w[..., ::-1, ::-1]),
    "input channels reversed": ("weight", lambda w: w[:, ::-1]),
    "output channels reversed": ("weight", lambda w: w[::-1]),
    "channels exchanged": ("weight", lambda w: w.swapaxes(0, 1)),
    "bias missing": ("bias", np.zeros_like),
    "bias doubled": ("bias", lambda b: 2 * b),
    "bias negated": ("bias", lambda b: -b),
    "weight in half precision": ("weight", lambda w: w.astype(np.float16).astype(w.dtype)),
    "weight scaled": ("weight", lambda w: w * w.dtype.type(1.01)),
    "running mean of zero": ("running_mean", np.zeros_like),
    "running variance of one": ("running_var", np.ones_like),
    "norm without weight": ("weight", np.ones_like),
}
FROZEN = {"weight frozen": "weight", "bias frozen": "bias"}
LOSSES: dict[str, Callable[[Any], Any]] = {
    "loss scaled": lambda loss: loss * 1.01,
    "loss shifted": lambda loss: loss + 0.01,
}
BUFFERS = ("statistics stale", "variance biased")
OTHER_MODE = "norm in the other mode"
# Of operations between layers: the tensors they are given, as a list, and what is made of them.
GIVEN: dict[str, Callable[[list[Any]], list[Any]]] = {
    "parts in the opposite order": lambda parts: parts[::-1],
    "first part scaled": lambda parts: [parts[0] * 1.001, *parts[1:]],
    "last part scaled": lambda parts: [*parts[:-1], parts[-1] * 1.001],
    "first part detached": lambda parts: [parts[0].detach(), *parts[1:]],
    "last part detached": lambda parts: [*parts[:-1], parts[-1].detach()],
    "first part left out": lambda parts: [parts[0] * 0, *parts[1:]],
}
