"""Hypotheses about a loss: one of its operations is another one, has another number, or is left out.

Each is an edit of one or two operations that the reference's loss runs. A loss is one number, and one number
fits much: so an edit counts only where all losses come out as the port's at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any

from harness.answers import COMPARISONS, LossOperation, LossTensor
from harness.diagnose.loss_makers import made_of
from harness.requests import Edit

# Values that an argument of this name is often confused with.
VALUES: Mapping[str, tuple[Any, ...]] = {
    "reduction": ("mean", "sum"),
    "label_smoothing": (0.0, 0.1, 0.05, 0.2),
    "ignore_index": (-100, 255, 0, -1, 1),
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
    ("maximum", "minimum", "add"),
    ("abs", "square", "neg", "relu"),
    ("exp", "log", "log1p", "sqrt", "sigmoid", "tanh", "softplus"),
    ("softmax", "log_softmax", "sigmoid"),
    ("prod", "sum", "mean"),
    ("l1_loss", "mse_loss", "smooth_l1_loss", "huber_loss"),
)
NUMBERS = (0.0, 1.0, 0.5, 2.0, 1.5, 3.0, 4.0, 0.25, 0.75, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
NAMED_FACTORS: Mapping[float, str] = {
    10 / math.log(10): "10 by the logarithm of 10, in decibels of a natural logarithm",
    20 / math.log(10): "20 by the logarithm of 10, in decibels of a natural logarithm",
    255.0: "the largest byte, as of values up to 255",
    255.0**2: "the square of the largest byte, as of values up to 255",
    1 / 255.0: "divided by the largest byte, 255",
    1 / 255.0**2: "divided by the square of the largest byte, 255",
    math.pi: "pi",
}
"""Factors that have a name."""
OF_LABELS = ("cross_entropy", "nll_loss")
_BEFORE = ("sigmoid", "abs", "square", "log", "exp", "sqrt")
MOST_AXES = 4
_MOST_SIZES = 4
_MOST_TAKEN = 12
_DEEPEST = 4
_OPPOSE = ("sub", "div")
_COUNT = ("topk",)  # operations that take so many
_COUNTS = (1, 3, 5, 10, 20, 50, 100)
_OF_SCORES = (
    "softmax", "log_softmax", "sigmoid", "softplus", "logsigmoid", "tanh", "exp", "cross_entropy",
    "binary_cross_entropy_with_logits",
)  # fmt: skip
_TAKE_NUMBERS = ("add", "sub", "mul", "div", "pow", "maximum", "minimum")
_NO_QUANTITIES = ("dim", "axis", "ignore_index")


def edits(operations: Sequence[LossOperation]) -> Iterator[tuple[str, list[Edit]]]:
    """Edits of one operation worth trying, each with its words."""
    for operation in operations:
        yield from _arguments(operation) if operation.type in COMPARISONS else _single(operation)


def defaults(operations: Sequence[LossOperation]) -> Iterator[tuple[str, list[Edit]]]:
    """Edits that leave an argument out, so that the function's own default stands in its place."""
    for operation in operations:
        for name, value in operation.defaults.items():
            if value is None or operation.arguments.get(name, value) != value:
                words = f"{operation.path} has {name}={_shown(value)}, the default"
                yield words, [Edit(operation.path, "argument", name=name, value=value)]


def taken(
    operations: Sequence[LossOperation], concerned: Sequence[LossOperation]
) -> Iterator[tuple[str, list[Edit]]]:
    """Edits that take another tensor of the loss: for an input of an operation, or for its result."""
    known: dict[str, list[int]] = {}
    opposed, makers = _opposed(operations), {one.path: one for one in operations}
    divide = _divisors(operations)
    for operation in operations:
        for tensor in operation.given:
            known.setdefault(tensor.name, tensor.shape)
        if operation in concerned:
            by = divide.get(operation.path, "")
            for found in (
                _other_inputs(operation, known, makers),
                _other_results(operation, known, opposed, makers),
            ):
                yield from ((words + by, changes) for words, changes in found)
        if operation.made is not None and operation.type not in COMPARISONS:
            known.setdefault(operation.made.name, operation.made.shape)


def _other_inputs(
    operation: LossOperation, known: Mapping[str, list[int]], makers: Mapping[str, LossOperation]
) -> Iterator[tuple[str, list[Edit]]]:
    given = {tensor.name for tensor in operation.given} if operation.type in _OPPOSE else set()
    for place, own in enumerate(operation.given):
        ancestors = made_of(own.name, own.shape, makers, _DEEPEST)
        for name in dict.fromkeys((*ancestors, *_alike(known, own))):
            if name in given:
                continue
            words = f"input {place} of {operation.path} is {_called(name)}, not {_called(own.name)}"
            if own.name in makers and name in {tensor.name for tensor in makers[own.name].given}:
                words += f": {own.name} is left out"
            yield words, [Edit(operation.path, "taken", place=place, function=name)]


def _divisors(operations: Sequence[LossOperation]) -> dict[str, str]:
    """Results that something is divided by, and words that say so: a loss is normalised by them."""
    found: dict[str, list[str]] = {}
    for one in operations:
        if one.type == "div" and len(one.given) == 2:
            found.setdefault(one.given[1].name, []).append(one.path)
    return {name: f" ({' and '.join(paths)} divides by it)" for name, paths in found.items()}


def _opposed(operations: Sequence[LossOperation]) -> set[frozenset[str]]:
    """Pairs of which one is taken from or divides the other: one for both would only leave zeros or ones."""
    return {frozenset(tensor.name for tensor in one.given) for one in operations if one.type in _OPPOSE}


def _other_results(
    operation: LossOperation,
    known: Mapping[str, list[int]],
    opposed: set[frozenset[str]],
    makers: Mapping[str, LossOperation],
) -> Iterator[tuple[str, list[Edit]]]:
    """Tensors that it is not given; those that it is given are the edits that leave it out."""
    given = {tensor.name for tensor in operation.given}
    made = operation.made
    earlier = set() if made is None else set(made_of(operation.path, made.shape, makers, _DEEPEST))
    for name in _alike(known, made) if made is not None else ():
        if name not in given and frozenset((name, operation.path)) not in opposed:
            words = f"{_called(name)} stands in the place of the result of {operation.path}"
            if name in earlier:
                words += ": what lies between is left out"
            yield words, [Edit(operation.path, "result taken", function=name)]
    yield from _reduced(operation, known)


def _reduced(operation: LossOperation, known: Mapping[str, list[int]]) -> Iterator[tuple[str, list[Edit]]]:
    """One number that is the mean or the sum of a tensor of the loss."""
    if operation.made is None or math.prod(operation.made.shape) != 1:
        return
    large = [name for name, shape in known.items() if math.prod(shape) > 1]
    for name in large[::-1][:_MOST_TAKEN]:
        for way in ("mean", "sum"):
            words = f"the {way} of {_called(name)} stands in the place of the result of {operation.path}"
            yield words, [Edit(operation.path, "result taken", name=way, function=name)]


def _alike(known: Mapping[str, list[int]], own: LossTensor) -> list[str]:
    """Tensors of the same sizes, those that come last before this one first."""
    same = [name for name, shape in known.items() if shape == own.shape and name != own.name]
    return same[::-1][:_MOST_TAKEN]


def _called(name: str) -> str:
    path, _, place = name.partition(":")
    return f"input {place} of {path}" if place else f"the result of {path}"


@dataclass(frozen=True)
class LossNumber:
    """A number of a loss that may be another one: the words about it, what it is, and its edits."""

    words: str
    now: float
    edits: Callable[[float], list[Edit]]
    how: str = "solved for"

    def said(self, value: float) -> str:
        """What another value is, in words."""
        return f"{self.words.replace('{}', f'{value:g}')} ({self.how})"


def numbers(operations: Sequence[LossOperation]) -> Iterator[LossNumber]:
    """Every number that an operation is given or takes by default, those that come up twice, and factors."""
    for operation in operations:
        path = operation.path
        for name, now in {**operation.defaults, **operation.arguments}.items():
            if _is_number(now) and name not in _NO_QUANTITIES:
                words = f"{path} has {{}} in place of {now:g}" + ("" if name.isdigit() else f" ({name}={{}})")
                yield LossNumber(words, float(now), partial(_with_number, [(path, name)]))
    for now, places in places_of_numbers(operations).items():
        if len(places) > 1:
            paths = " and ".join(path for path, _ in places)
            yield LossNumber(
                f"{{}} stands in place of {now:g} in {paths}", now, partial(_with_number, places)
            )
    for operation in operations:
        for place, tensor in enumerate(operation.given if operation.type in _TAKE_NUMBERS else ()):
            if math.prod(tensor.shape) == 1:
                words = f"input {place} of {operation.path} is {{}}, not {_called(tensor.name)}"
                yield LossNumber(words, 1.0, partial(_in_place, operation.path, place))
        if operation.type in _OF_SCORES:
            words = f"input 0 of {operation.path} is taken times {{}} before, as by a temperature"
            yield LossNumber(words, 1.0, partial(_before, operation.path))
        if operation.made is not None:
            words = f"the result of {operation.path} is taken times {{}}"
            yield LossNumber(words, 1.0, partial(_times, operation.path), "a factor that is fitted")


def _with_number(places: Sequence[tuple[str, str]], value: float) -> list[Edit]:
    return [Edit(path, "argument", name=name, value=value) for path, name in places]


def _in_place(path: str, place: int, value: float) -> list[Edit]:
    return [Edit(path, "number", place=place, value=value)]


def _before(path: str, value: float) -> list[Edit]:
    return [Edit(path, "before", function="mul", value=[value])]


def _times(path: str, value: float) -> list[Edit]:
    return [Edit(path, "times", value=value)]


def _is_number(value: Any) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool)


def detachments(operations: Sequence[LossOperation]) -> Iterator[tuple[str, list[Edit]]]:
    """Edits that change gradients alone: what an operation takes or gives is detached, or no more."""
    stops = [operation.path for operation in operations if operation.type == "detach"]
    for path in stops:
        yield f"{path} is left out: a gradient goes on that it stops", [Edit(path, "input")]
    if len(stops) > 1:
        words = f"{' and '.join(stops)} are left out: gradients go on that they stop (not detached)"
        yield words, [Edit(path, "input") for path in stops]
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
    if operation.rank > 2:
        words = f"input 0 of {path} has its last two axes reshaped, not permuted: they are interleaved"
        yield words, [Edit(path, "interleaved")]
    if operation.tensors == 2:
        yield f"the two inputs of {path} are exchanged", [Edit(path, "exchanged")]
    if operation.type in KIN[0]:
        yield from _axes(operation)
    if operation.type in ("mul", "div"):
        for size in dict.fromkeys(operation.shape[:_MOST_SIZES]):
            yield f"{path} is by {size}, a size", [Edit(path, "argument", name="1", value=float(size))]
    sizes = [operation.shape, operation.shape[:1], operation.shape[1:]]
    if operation.made is not None and math.prod(operation.made.shape) == 1:
        sizes += [[size] for size in operation.shape] + [operation.shape[2:]]
        for factor, what in NAMED_FACTORS.items():
            yield (
                f"the result of {path} is taken times {factor:g}: {what}",
                [Edit(path, "times", value=factor)],
            )
    counts = {float(math.prod(size)) for size in sizes} - {0.5, 1.0, 2.0}
    for factor in (0.5, 2.0, -1.0, *sorted(counts)):
        why = ", a number of elements: a sum in place of a mean" if factor in counts else ""
        yield f"the result of {path} is taken times {factor:g}{why}", [Edit(path, "times", value=factor)]
    for base in (2, 10) if operation.type not in ("log", "exp") else ():
        factor = 1 / math.log(base)
        words = f"the result of {path} is divided by log({base}), as of logarithms to the base {base}"
        yield words, [Edit(path, "times", value=factor)]


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
        for value in other_values(operation.type, name, now):
            yield f"{path} has {name}={value}", [Edit(path, "argument", name=name, value=value)]
    for name, now in given.items():
        if not isinstance(now, float | int) or isinstance(now, bool) or name in ("dim", "axis", *VALUES):
            continue
        for value in dict.fromkeys((*NUMBERS, 1 - now, 2.0 * now, now / 2)):
            if value != now:
                words = f"{path} has {value:g} in place of {now:g}"
                yield words, [Edit(path, "argument", name=name, value=value)]


def other_values(kind: str, name: str, now: Any) -> Iterator[Any]:
    """What a switch or a count is where it is another one."""
    if name in VALUES:
        return
    if isinstance(now, bool):
        yield not now
    elif kind in _COUNT and isinstance(now, int) and now > 0:
        yield from (
            count
            for count in dict.fromkeys((*_COUNTS, now - 1, now + 1, now // 2, 2 * now))
            if count not in (0, now)
        )


def _axes(operation: LossOperation) -> Iterator[tuple[str, list[Edit]]]:
    rank = operation.rank
    if not 1 < rank <= MOST_AXES:
        return
    for count in range(1, rank + 1):
        for axes in combinations(range(rank), count):
            words = f"{operation.path} runs over axes {axes}"
            yield words, [Edit(operation.path, "axes", value=list(axes))]


def places_of_numbers(operations: Sequence[LossOperation]) -> dict[float, list[tuple[str, str]]]:
    """Each number that operations are given, and where: paths and the places of arguments."""
    places: dict[float, list[tuple[str, str]]] = {}
    for one in operations:
        for name, now in plain_numbers_of(one):
            places.setdefault(now, []).append((one.path, name))
    return places


def plain_numbers_of(operation: LossOperation) -> list[tuple[str, float]]:
    """The numbers that an operation is given by place."""
    return [
        (name, float(now))
        for name, now in operation.arguments.items()
        if isinstance(now, float | int) and not isinstance(now, bool) and name.isdigit()
    ]


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
