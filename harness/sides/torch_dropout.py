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
_RATES = dict.fromkeys(_DROPOUTS, (1, "p")) | {
    "multi_head_attention_forward": (10, "dropout_p"),
    "scaled_dot_product_attention": (4, "dropout_p"),
}
"""Where a function takes the rate of its dropout: the place and the name."""
_RECURRENT = frozenset(["lstm", "gru", "rnn_tanh", "rnn_relu"])
_AFTER_BIAS = 2  # has_biases, num_layers, dropout: for packed sequences they stand one place later


class NoDropout(TorchFunctionMode):
    """Calls every function with a rate of zero; no module and no rate that it holds is changed."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        name = getattr(func, "__name__", "")
        given = dict(kwargs or {})
        if name in _RATES:
            place, argument = _RATES[name]
            if place < len(args):
                args = _with_zero(args, place)
            else:
                given[argument] = 0.0
        elif name in _RECURRENT:
            bias = next(place for place, value in enumerate(args) if isinstance(value, bool))
            args = _with_zero(args, bias + _AFTER_BIAS)
        return func(*args, **given)


def _with_zero(args: tuple[Any, ...], place: int) -> tuple[Any, ...]:
    return (*args[:place], 0.0, *args[place + 1 :])
