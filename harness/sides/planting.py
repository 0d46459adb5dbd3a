"""Plants one mistake into a model that a side holds, by methods that both frameworks' tensors have."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.errors import BadInput
from harness.sides.holding import own_state

if TYPE_CHECKING:
    from harness.sides.base import Side

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


def plant(side: Side, kind: str, path: str, attributes: dict[str, Any]) -> dict[str, Any]:
    """Plant a mistake; whether anything has changed at all."""
    if kind in LOSSES:
        side.loss_change = LOSSES[kind]
        return {"changed": True}
    module = dict(side.modules()).get(path)
    if module is None:
        raise BadInput(f"there is no layer {path!r} to plant a mistake in")
    if attributes:
        for name, value in attributes.items():
            setattr(module, name, value)
        return {"changed": True}
    if kind in STATES:
        return {"changed": _change_state(side, path, *STATES[kind])}
    _wrap(side, module, kind)
    return {"changed": True}


def _change_state(side: Side, path: str, name: str, change: Callable[[Any], Any]) -> bool:
    key = f"{path}.{name}"
    before = side._state[key]
    try:
        after = np.ascontiguousarray(change(before)).astype(before.dtype)
    except (ValueError, IndexError):
        return False
    if after.shape != before.shape or np.allclose(after, before, rtol=1e-6, atol=0):
        return False
    side._state = {**side._state, key: after}
    return True


def _wrap(side: Side, module: Any, kind: str) -> None:
    """Let the call of a layer go wrong."""
    method = "execute" if hasattr(module, "execute") else "forward"
    plain = getattr(module, method)

    def call(*args: Any, **kwargs: Any) -> Any:
        if kind in RESULTS:
            return RESULTS[kind](plain(*args, **kwargs), args[0] if args else None)
        if kind in FROZEN:
            return _frozen(module, FROZEN[kind], lambda: plain(*args, **kwargs))
        if kind == "norm in the other mode":
            return _other_mode(module, lambda: plain(*args, **kwargs))
        return _buffers(side, module, kind, args[0], lambda: plain(*args, **kwargs))

    if kind not in (*RESULTS, *FROZEN, *BUFFERS, "norm in the other mode"):
        raise BadInput(f"there is no mistake {kind!r}")
    setattr(module, method, call)


BUFFERS = ("statistics stale", "variance biased")


def _frozen(module: Any, name: str, call: Callable[[], Any]) -> Any:
    kept = getattr(module, name)
    try:
        module.__dict__[name] = kept.detach()
        return call()
    finally:
        module.__dict__[name] = kept


def _other_mode(module: Any, call: Callable[[], Any]) -> Any:
    kept = module.is_train
    try:
        module.is_train = not kept
        return call()
    finally:
        module.is_train = kept


def _buffers(side: Side, module: Any, kind: str, given: Any, call: Callable[[], Any]) -> Any:
    """Running statistics that are not updated, or with the biased variance."""
    own = {name: tensor for name, tensor in own_state(side, module).items() if name.startswith("running_")}
    before = {name: side.tensors.to_array(tensor).copy() for name, tensor in own.items()}
    result = call()
    own = {name: tensor for name, tensor in own_state(side, module).items() if name in before}
    after = {name: side.tensors.to_array(tensor).copy() for name, tensor in own.items()}
    wanted = before
    if kind == "variance biased":
        count = int(np.prod(given.shape)) // given.shape[1]
        old = (1 - module.momentum) * before["running_var"]
        biased = old + (after["running_var"] - old) * ((count - 1) / count)
        wanted = {**after, "running_var": biased.astype(np.float32)}
    side.fill(own, wanted)
    return result
