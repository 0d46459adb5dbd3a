"""Hypotheses about a loss: one of its operations is another one, has another number, or is left out.

Each is an edit of one or two operations that the reference's loss runs. A loss is one number, and one number
fits much: so an edit counts only where all losses come out as the port's at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from harness.answers import LossOperation
from harness.requests import Edit

# Values that an argument of this name is often confused with.
VALUES: Mapping[str, tuple[Any, ...]] = {
    "reduction": ("mean", "sum"),
    "label_smoothing": (0.0, 0.1, 0.05, 0.2),
    "ignore_index": (-100, 255, 0, -1),
    "beta": (1.0, 0.5, 0.1, 1.0 / 9.0, 2.0),
    "delta": (1.0, 0.5, 2.0),
    "weight": (None,),
    "pos_weight": (None,),
    "log_target": (True, False),
    "keepdim": (True, False),
}
# Operations that stand for each other: reductions, functions of two tensors, of one, whole losses.
KIN: tuple[tuple[str, ...], ...] = (
    ("mean", "sum", "max", "min"),
    ("add", "sub", "mul", "div"),
    ("maximum", "minimum"),
    ("abs", "square", "neg", "relu"),
    ("exp", "log", "log1p", "sqrt", "sigmoid", "tanh", "softplus"),
    ("softmax", "log_softmax", "sigmoid"),
    ("l1_loss", "mse_loss", "smooth_l1_loss", "huber_loss"),
)
_NUMBERS = (0.0, 1.0, 0.5, 2.0, 1.5, 3.0, 4.0, 0.25, 0.75, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
_BEFORE = ("sigmoid", "abs", "square", "log", "exp", "sqrt")
_MOST_AXES = 4
_MOST_SIZES = 4


def edits(operations: Sequence[LossOperation]) -> Iterator[tuple[str, list[Edit]]]:
    """Edits worth trying, each with its words: single ones, then two at once."""
    for operation in operations:
        yield from _single(operation)
    yield from _exchanged(operations)
    yield from _same_number_twice(operations)


def detachments(operations: Sequence[LossOperation]) -> Iterator[tuple[str, list[Edit]]]:
    """Edits that change gradients alone: what an operation takes or gives is detached, or no more."""
    for operation in operations:
        yield f"what {operation.path} returns is detached", [Edit(operation.path, "detached")]
        for place in range(operation.tensors):
            words = f"input {place} of {operation.path} is detached"
            yield words, [Edit(operation.path, "input detached", place=place)]


def _single(operation: LossOperation) -> Iterator[tuple[str, list[Edit]]]:
    path = operation.path
    for place in range(min(operation.tensors, 2)):
        which = "" if operation.tensors == 1 else f" and its input {place} taken for its result"
        yield f"{path} is left out{which}", [Edit(path, "input", place=place)]
    yield from _arguments(operation)
    for kin in KIN:
        for other in kin if operation.type in kin else ():
            if other != operation.type:
                yield (
                    f"{path} is {other} in place of {operation.type}",
                    [Edit(path, "function", function=other)],
                )
    for place in range(operation.tensors):
        for function in _BEFORE:
            words = f"input {place} of {path} goes through {function} before"
            yield words, [Edit(path, "before", function=function, place=place)]
    if operation.tensors == 2:
        yield f"the two inputs of {path} are exchanged", [Edit(path, "exchanged")]
    if operation.type in KIN[0]:
        yield from _axes(operation)
    if operation.type in ("mul", "div"):
        for size in dict.fromkeys(operation.shape[:_MOST_SIZES]):
            yield f"{path} is by {size}, a size", [Edit(path, "argument", name="1", value=float(size))]
    counts = {float(math.prod(operation.shape)), *map(float, operation.shape[:1])} - {0.5, 1.0, 2.0}
    for factor in (0.5, 2.0, *sorted(counts)):
        why = ", a number of elements: a sum in place of a mean" if factor in counts else ""
        yield f"the result of {path} is taken times {factor:g}{why}", [Edit(path, "times", value=factor)]


def _arguments(operation: LossOperation) -> Iterator[tuple[str, list[Edit]]]:
    """Another value of an argument by name; another number in the place of one."""
    path, given = operation.path, operation.arguments
    for name, values in VALUES.items():
        if name not in operation.takes:
            continue
        for value in values:
            if name not in given or given[name] != value:
                yield f"{path} has {name}={_shown(value)}", [Edit(path, "argument", name=name, value=value)]
    for name, now in given.items():
        if not isinstance(now, float | int) or isinstance(now, bool) or name in ("dim", "axis", *VALUES):
            continue
        for value in dict.fromkeys((*_NUMBERS, 1 - now, 2.0 * now, now / 2)):
            if value != now:
                words = f"{path} has {value:g} in place of {now:g}"
                yield words, [Edit(path, "argument", name=name, value=value)]


def _axes(operation: LossOperation) -> Iterator[tuple[str, list[Edit]]]:
    rank = operation.rank
    if not 1 < rank <= _MOST_AXES:
        return
    for count in range(1, rank + 1):
        for axes in combinations(range(rank), count):
            words = f"{operation.path} runs over axes {axes}"
            yield words, [Edit(operation.path, "axes", value=list(axes))]


def _exchanged(operations: Sequence[LossOperation]) -> Iterator[tuple[str, list[Edit]]]:
    """Two numbers that are exchanged, as the weights of two classes."""
    numbers = [(one.path, name, now) for one in operations for name, now in _plain(one)]
    for (one, name, now), (other, its_name, its) in combinations(numbers, 2):
        if now != its and one.partition(".")[0] == other.partition(".")[0]:
            words = f"{now:g} of {one} and {its:g} of {other} are exchanged"
            both = [(one, name, its), (other, its_name, now)]
            yield words, [Edit(path, "argument", name=key, value=value) for path, key, value in both]


def _same_number_twice(operations: Sequence[LossOperation]) -> Iterator[tuple[str, list[Edit]]]:
    """One number that comes up in several places is another one in all of them."""
    places: dict[float, list[tuple[str, str]]] = {}
    for one in operations:
        for name, now in _plain(one):
            places.setdefault(now, []).append((one.path, name))
    for now, found in places.items():
        for value in _NUMBERS if len(found) > 1 else ():
            if value != now:
                paths = " and ".join(path for path, _ in found)
                words = f"{value:g} stands in place of {now:g} in {paths}"
                yield words, [Edit(path, "argument", name=name, value=value) for path, name in found]


def _plain(operation: LossOperation) -> list[tuple[str, float]]:
    return [
        (name, float(now))
        for name, now in operation.arguments.items()
        if isinstance(now, float | int) and not isinstance(now, bool) and name.isdigit()
    ]


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
