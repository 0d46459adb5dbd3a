"""Hypotheses for a tensor of another shape: another amount, step, size or axis of what makes it.

What the port may have been told is read off both shapes, or is a value that is often confused; only what
gives the port's tensor on the reference counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from harness.attributes import same_value
from harness.diagnose import repeats, windows
from harness.diagnose._arguments import Argument, arguments
from harness.diagnose._evidence import DifferingLayer, Trial
from harness.diagnose._padded import said_of_sizes
from harness.diagnose.attributes import VALUES

_MOST_PARTS, _MOST_AXES = 16, 5
_AMOUNTS = ("pad", "padding")
_OF_OTHERS = ("stride", "padding", "output_padding", "dilation")  # of layers that make maps larger
_LARGEST = 4


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """Amounts of a padding, sizes and factors that give the port's shape, then windows, axes, parts."""
    told = {argument.name: argument for argument in arguments(evidence)}
    is_padding = "pad" in evidence.type.lower()
    for name in _AMOUNTS if is_padding else ():
        if name in told:
            yield from _amounts(evidence, told[name])
    if evidence.reference.shape == evidence.port.shape:
        return
    for name in ("size", "output_size", "scale_factor"):
        if name in told:
            yield from _sizes(evidence, told[name])
    for name in ("dim", "axis"):
        if name in told:
            yield from _other_axes(evidence, told[name])
            yield from _all_axes(evidence, told[name], told.get("keepdim"))
    yield from windows.trials(evidence, told)
    for argument in told.values():
        if argument.key.isdigit():
            yield from _often_confused(argument)
        if argument.name in _OF_OTHERS and not is_padding and not windows.is_window(evidence.type):
            yield from _near(argument)
    if evidence.type == "cat":
        yield from _of_other_parts(evidence)
    yield from repeats.trials(evidence)


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
    tried = [now]
    for amounts, why in (*_other_orders(now), *((split, "") for split in _splits(wanted))):
        if amounts not in tried and _made(amounts) == wanted:
            tried.append(amounts)
            sizes = said_of_sizes(given[-axes:], port[-axes:], evidence.reference.shape[-axes:])
            said = f": {_made(amounts)} in all, not {_made(now)}, from the last axis on; {sizes}"
            order = f" (the same amounts in another order: {why}, they are exchanged)"
            yield argument.trial(amounts, order if why else said)


def _other_orders(now: Sequence[int]) -> Iterator[tuple[list[int], str]]:
    pairs = [list(now[place : place + 2]) for place in range(0, len(now), 2)]
    yield [one for pair in pairs[::-1] for one in pair], "those of another side come first"
    yield list(now[::-1]), "in reverse"
    yield [one for pair in pairs for one in pair[::-1]], "those before and behind"


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
    if len(its) < 3 or len(given) != len(its) or ours[:2] != its[:2] or argument.value is None:
        return
    if argument.name != "scale_factor":
        if isinstance(argument.value, int):  # lists of sizes are tried by `attributes`
            yield argument.trial(list(its[2:]))
        return
    factors = [wanted / size for wanted, size in zip(its[2:], given[2:], strict=True)]
    if len(set(factors)) == 1:
        yield argument.trial(factors[0])
    yield argument.trial(factors)


def _other_axes(evidence: DifferingLayer, argument: Argument) -> Iterator[Trial]:
    """The axes of a reduction without which, or with size 1, what it is given has the port's sizes."""
    given = evidence.inputs[0].shape if evidence.inputs else ()
    now = argument.value if isinstance(argument.value, (list, tuple)) else [argument.value]
    if not 1 < len(given) <= _MOST_AXES or not all(isinstance(axis, int) for axis in now):
        return
    for count in range(1, len(given) + 1):
        for axes in combinations(range(len(given)), count):
            kept = tuple(1 if axis in axes else size for axis, size in enumerate(given))
            left = tuple(size for axis, size in enumerate(given) if axis not in axes)
            if evidence.port.shape in (kept, left) and set(axes) != {axis % len(given) for axis in now}:
                yield argument.trial(list(axes) if count > 1 else axes[0])


def _all_axes(evidence: DifferingLayer, argument: Argument, kept: Argument | None) -> Iterator[Trial]:
    """One number of everything that is given, where the reference reduces some axes alone."""
    given = evidence.inputs[0].shape if evidence.inputs else ()
    if evidence.port.size != 1 or not 1 < len(given) <= _MOST_AXES:
        return
    axes = list(range(len(given)))
    words = f"the reference computed with {argument.changed_to(axes)}: one number of all axes together"
    yield Trial(words, {argument.key: axes, kept.key if kept is not None else "keepdim": False})


def _near(argument: Argument) -> Iterator[Trial]:
    for value in range(_LARGEST + 1):
        if not same_value(argument.name, argument.value, value):
            yield argument.trial(value)


def _often_confused(argument: Argument) -> Iterator[Trial]:
    """An axis, a switch or a factor that a function is given by position."""
    for value in VALUES.get(argument.name, ()):
        if not same_value(argument.name, argument.value, value):
            yield argument.trial(value)


def _of_other_parts(evidence: DifferingLayer) -> Iterator[Trial]:
    """What is joined without one of its parts, or with one of them twice."""
    parts, port, right = evidence.inputs, evidence.port, evidence.reference
    if not 2 <= len(parts) <= _MOST_PARTS or port.ndim != right.ndim:
        return
    axes = [axis for axis, size in enumerate(port.shape) if size != right.shape[axis]]
    if len(axes) != 1 or sum(one.shape[axes[0]] for one in parts) != right.shape[axes[0]]:
        return
    (axis,) = axes
    for place in range(len(parts)):
        for words, some in (
            (f"without its part number {place}", [*parts[:place], *parts[place + 1 :]]),
            (f"with its part number {place} twice", [*parts[: place + 1], *parts[place:]]),
        ):
            if sum(one.shape[axis] for one in some) == port.shape[axis]:
                yield Trial(f"the reference joined {words}", predicted=np.concatenate(some, axis))
