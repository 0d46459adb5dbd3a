"""Hypotheses for a tensor of another shape: another amount, step, size or axis of what makes it.

What the port may have been told is read off both shapes, or is a value that is often confused; only what
gives the port's tensor on the reference counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from harness.attributes import same_value
from harness.diagnose._evidence import DifferingLayer, Trial
from harness.diagnose.attributes import VALUES

_CONVOLUTION = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
_POOLING = ("input", "kernel_size", "stride", "padding")
# What functions without a signature call the arguments that they are given by position.
POSITIONS: dict[str, tuple[str, ...]] = {
    **{f"conv{rank}d": _CONVOLUTION for rank in (1, 2, 3)},
    **{
        f"conv_transpose{rank}d": (*_CONVOLUTION[:5], "output_padding", "groups", "dilation")
        for rank in (1, 2, 3)
    },
    **{f"avg_pool{rank}d": (*_POOLING, "ceil_mode", "count_include_pad") for rank in (1, 2, 3)},
    **{f"max_pool{rank}d": (*_POOLING, "dilation", "ceil_mode") for rank in (1, 2, 3)},
    "pad": ("input", "pad", "mode", "value"),
    "pixel_shuffle": ("input", "upscale_factor"),
    **dict.fromkeys(("cat", "stack"), ("tensors", "dim")),
    **dict.fromkeys(("sum", "mean", "amax", "amin", "var", "std", "norm"), ("input", "dim", "keepdim")),
    "softmax": ("input", "dim"),
}
_DEFAULTS = {"padding": 0, "stride": 1, "dilation": 1, "output_padding": 0}
_LARGEST = 6
_STEPS = ("padding", "stride", "dilation", "kernel_size", "output_padding")
_AMOUNTS = ("pad", "padding")


class Argument(NamedTuple):
    """What a layer or a function is told: its name, how a change is told, and the value."""

    name: str
    key: str
    value: Any


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """Amounts of a padding, sizes and factors that give the port's shape, then steps and axes."""
    if evidence.reference.shape == evidence.port.shape:
        return
    told = list(arguments(evidence))
    for argument in told:
        if argument.name in _AMOUNTS and "pad" in evidence.type.lower():
            yield from _amounts(evidence, argument)
        if argument.name in ("size", "output_size", "scale_factor"):
            yield from _sizes(evidence, argument)
    for argument in told:
        if argument.name in _STEPS and "pad" not in evidence.type.lower():
            yield from _steps(argument)
        elif argument.key.isdigit():
            yield from _often_confused(argument)
    yield from _windows({argument.name: argument for argument in told})


def arguments(evidence: DifferingLayer) -> Iterator[Argument]:
    """What is told, by the names that a function without a signature has for it."""
    names = POSITIONS.get(evidence.type, ())
    for key, value in evidence.attributes.items():
        place = int(key) if key.isdigit() else -1
        yield Argument(names[place] if 0 <= place < len(names) else key, key, value)


def _said(argument: Argument, value: Any, why: str = "") -> Trial:
    now = list(argument.value) if isinstance(argument.value, (list, tuple)) else argument.value
    words = f"the reference computed with {argument.name}={value}, not {now}{why}"
    return Trial(words, {argument.key: value})


def _amounts(evidence: DifferingLayer, argument: Argument) -> Iterator[Trial]:
    """Amounts in another order; then those that make up for the sizes of both shapes."""
    now = list(argument.value) if isinstance(argument.value, (list, tuple)) else []
    axes = len(now) // 2
    if not now or len(now) % 2 or not evidence.inputs or not all(isinstance(one, int) for one in now):
        return
    given, port = evidence.inputs[0].shape, evidence.port.shape
    if len(given) != len(port) or axes > len(port):
        return
    wanted = [port[-1 - place] - given[-1 - place] for place in range(axes)]
    pairs = [now[2 * place : 2 * place + 2] for place in range(axes)]
    for order, why in ((pairs[::-1], "those of another side come first"), ([now[::-1]], "in reverse")):
        amounts = [one for pair in order for one in pair]
        if amounts != now and _made(amounts) == wanted:
            yield _said(argument, amounts, f" (the same amounts in another order: {why}, they are exchanged)")
    for split in _splits(wanted):
        if split != now:
            yield _said(argument, split, f": {_made(split)} in all, not {_made(now)}, from the last axis on")


def _made(amounts: Sequence[int]) -> list[int]:
    """By how much each axis grows, the last one first."""
    return [amounts[place] + amounts[place + 1] for place in range(0, len(amounts), 2)]


def _splits(totals: Sequence[int]) -> Iterator[list[int]]:
    """Ways to share out what an axis grows by between its two sides."""
    for first in (lambda n: n // 2, lambda n: n - n // 2, lambda n: 0, lambda n: n):
        yield [part for total in totals for part in (first(total), total - first(total))]


def _sizes(evidence: DifferingLayer, argument: Argument) -> Iterator[Trial]:
    """The size or the factor by which the reference makes what has the port's shape."""
    ours, its = evidence.reference.shape, evidence.port.shape
    given = evidence.inputs[0].shape if evidence.inputs else ()
    sides = len(its) - 2
    if sides < 1 or len(given) != len(its) or ours[:2] != its[:2] or argument.value is None:
        return
    if argument.name != "scale_factor":
        if isinstance(argument.value, int):  # a list of sizes is another module's matter
            yield _said(argument, list(its[2:]))
        return
    factors = [wanted / size for wanted, size in zip(its[2:], given[2:], strict=True)]
    if len(set(factors)) == 1:
        yield _said(argument, factors[0])
    yield _said(argument, factors)


def _steps(argument: Argument) -> Iterator[Trial]:
    """The value that it has where it is not given, its numbers exchanged, then others."""
    now = argument.value
    default = _DEFAULTS.get(argument.name)
    if default is not None and not same_value(argument.name, now, default):
        yield _said(argument, default, " (what it is where it is not given)")
    if isinstance(now, (list, tuple)) and list(now) != list(now)[::-1]:
        yield _said(argument, list(now)[::-1], " (its sizes are exchanged)")
    for value in range(_LARGEST + 1):
        if value != default and not same_value(argument.name, now, value):
            yield _said(argument, value)


def _often_confused(argument: Argument) -> Iterator[Trial]:
    """An axis, a switch or a factor that a function is given by position."""
    for value in VALUES.get(argument.name, ()):
        if not same_value(argument.name, argument.value, value):
            yield _said(argument, value)


def _windows(told: dict[str, Argument]) -> Iterator[Trial]:
    """A pooling whose windows lie side by side, with windows of another size."""
    size, step = told.get("kernel_size"), told.get("stride")
    if size is None or (step is not None and not same_value("stride", size.value, step.value)):
        return
    for value in range(2, _LARGEST + 1):
        if not same_value("kernel_size", size.value, value):
            changes = {size.key: value, **({} if step is None else {step.key: value})}
            yield Trial(f"the reference computed with windows of {value}, not {size.value}", changes)
