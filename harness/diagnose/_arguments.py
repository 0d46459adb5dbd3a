"""What a layer or a function is told, by the names that a function without a signature has for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from harness.diagnose._evidence import DifferingLayer, Trial

_CONVOLUTION = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
_POOLING = ("input", "kernel_size", "stride", "padding")
_RANKS = (1, 2, 3)
# What functions without a signature call the arguments that they are given by position.
_POSITIONS: dict[str, tuple[str, ...]] = {
    **{f"conv{rank}d": _CONVOLUTION for rank in _RANKS},
    **{
        f"conv_transpose{rank}d": (*_CONVOLUTION[:5], "output_padding", "groups", "dilation")
        for rank in _RANKS
    },
    **{f"avg_pool{rank}d": (*_POOLING, "ceil_mode", "count_include_pad") for rank in _RANKS},
    **{f"max_pool{rank}d": (*_POOLING, "dilation", "ceil_mode") for rank in _RANKS},
    "pad": ("input", "pad", "mode", "value"),
    "pixel_shuffle": ("input", "upscale_factor"),
    **dict.fromkeys(("cat", "stack"), ("tensors", "dim")),
    **dict.fromkeys(("sum", "mean", "amax", "amin", "var", "std", "logsumexp"), ("input", "dim", "keepdim")),
    "norm": ("input", "p", "dim", "keepdim"),
    "softmax": ("input", "dim"),
}


class Argument(NamedTuple):
    """What is told: its name, how a change is told, and the value."""

    name: str
    key: str
    value: Any

    def changed_to(self, value: Any, why: str = "") -> str:
        """A change in words."""
        now = list(self.value) if isinstance(self.value, (list, tuple)) else self.value
        return f"{self.name}={value}, not {now}{why}"

    def trial(self, value: Any, why: str = "") -> Trial:
        """The reference, told another value."""
        return Trial(f"the reference computed with {self.changed_to(value, why)}", {self.key: value})


def arguments(evidence: DifferingLayer) -> Iterator[Argument]:
    """All that is told."""
    names = _POSITIONS.get(evidence.type, ())
    for key, value in evidence.attributes.items():
        place = int(key) if key.isdigit() else -1
        yield Argument(names[place] if 0 <= place < len(names) else key, key, value)


def numbers_of(value: Any, axes: int) -> tuple[int, ...] | None:
    """A whole number an axis; None where the value is none."""
    if isinstance(value, int):
        return (value,) * axes
    if isinstance(value, (list, tuple)) and all(isinstance(one, int) for one in value):
        return tuple(value) * (axes if len(value) == 1 else 1) if len(value) in (1, axes) else None
    return None
