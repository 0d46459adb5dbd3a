"""Switches off what torch's own functions drop at random, also inside its attention and recurrent layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch.overrides import TorchFunctionMode

_DROPOUTS = frozenset(
    f"{name}{ending}"
    for name in ("dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout")
    for ending in ("", "_")
) | {"dropout1d", "dropout2d", "dropout3d", "native_dropout"}
_RATES = {
    **dict.fromkeys(_DROPOUTS, (1, "p")),
    "multi_head_attention_forward": (10, "dropout_p"),
    "scaled_dot_product_attention": (4, "dropout_p"),
}
"""Where a function takes the rate of its dropout: the place and the name."""
RECURRENT = frozenset(["lstm", "gru", "rnn_tanh", "rnn_relu"])
_AFTER_BIAS = 2  # has_biases, num_layers, dropout, train: for packed sequences they stand one place later


class NoDropout(TorchFunctionMode):
    """Calls every function with a rate of zero; no module and no rate that it holds is changed."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        args, given = without_rate(getattr(func, "__name__", ""), args, kwargs or {})
        return func(*args, **given)


def without_rate(
    name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a function with a rate of zero in the place of its own, if it takes one."""
    given = dict(kwargs)
    if name in _RATES:
        place, argument = _RATES[name]
        if place < len(args):
            args = _with_zero(args, place)
        else:
            given[argument] = 0.0
    elif name in RECURRENT:
        args = _with_zero(args, _bias(args) + _AFTER_BIAS)
    return args, given


def drops_in_kernel(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether a call of a recurrent function, or of a dropout of which each value depends on p, drops."""
    if name in RECURRENT:
        _, layers, rate, trains = args[_bias(args) :][:4]
        return bool(trains and rate > 0 and layers > 1)
    named = {**dict(zip(("input", "p", "training"), args)), **kwargs}
    trains = named.get("training", named.get("train", False))
    return bool(trains and named.get("p", 0.5) > 0)


def _bias(args: tuple[Any, ...]) -> int:
    """The place of the first flag of a recurrent function: whether there are biases."""
    return next(place for place, value in enumerate(args) if isinstance(value, bool))


def _with_zero(args: tuple[Any, ...], place: int) -> tuple[Any, ...]:
    return (*args[:place], 0.0, *args[place + 1 :])
