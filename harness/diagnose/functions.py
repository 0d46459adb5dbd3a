"""Hypotheses: another function of what the layer, or what makes a tensor, is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations

import numpy as np

from harness.diagnose._blocks import Blocks
from harness.diagnose._evidence import Array, DifferingLayer, Trial
from harness.diagnose.activations import FUNCTIONS, Function, first_fits

Two = Callable[[Array, Array], Array]
Reduction = Callable[..., Array]


def _above(x: Array, threshold: float) -> Array:
    return (x > threshold).astype(np.float64)


def _to_steps(x: Array, steps: int, to_whole: Function) -> Array:
    return to_whole(x * steps) / steps


# What makes few values of many: plain ones, that agree with much by chance.
_TO_STEPS: dict[str, Function] = {
    "the rounded": np.round,
    "the rounded down (floor)": np.floor,
    "the rounded up (ceil)": np.ceil,
    "the whole part (truncated)": np.trunc,
    **{
        f"ones and zeros, one where above {threshold:g} (a threshold, rounded),": partial(
            _above, threshold=threshold
        )
        for threshold in (0.0, 0.5)
    },
    "ones and zeros, one from 0.5 on (a threshold, rounded),": lambda x: (x >= 0.5).astype(np.float64),
}
_UNARY: dict[str, Function] = {
    **{name: function for name, function in FUNCTIONS.items() if not name.startswith("its input")},
    "minus": np.negative,
    "the square": np.square,
    "the cube": lambda x: x**3,
    "the square root (sqrt)": np.sqrt,
    "the reciprocal": np.reciprocal,
    "one over the square root (rsqrt)": lambda x: 1 / np.sqrt(x),
    "the exponential (exp)": np.exp,
    "expm1": np.expm1,
    "the logarithm (log)": np.log,
    "log1p": np.log1p,
    "1 -": lambda x: 1 - x,
    "1 +": lambda x: 1 + x,
    "the sign": np.sign,
    "the product with the absolute value (the square with its sign)": lambda x: x * np.abs(x),
    **_TO_STEPS,
    **{
        f"the multiple of 1/{steps}, {words} (quantised),": partial(_to_steps, steps=steps, to_whole=to_whole)
        for steps in (10, 100, 127, 128, 255, 256, 1000)
        for words, to_whole in (("rounded", np.round), ("rounded down", np.floor))
    },
}
_BINARY: dict[str, Two] = {
    "the sum (add)": np.add,
    "the difference (sub, minus)": np.subtract,
    "the difference (sub, minus), the other way round,": lambda a, b: b - a,
    "the product (mul)": np.multiply,
    "the quotient (division)": np.divide,
    "the quotient (division), the other way round,": lambda a, b: b / a,
    "the larger (maximum)": np.maximum,
    "the smaller (minimum)": np.minimum,
}
_TAKEN_OFF = {"the difference": "minus", "the quotient": "divided by"}
_OWN = {"add": ", where the reference adds both", "sub": ", where the reference subtracts otherwise"}
REDUCTIONS: dict[str, Reduction] = {
    "the mean": np.mean,
    "the sum": np.sum,
    "the largest (max)": np.max,
    "the smallest (min)": np.min,
    "the standard deviation (divided by n)": np.std,
    "the standard deviation (divided by n - 1)": lambda x, **how: np.std(x, ddof=1, **how),
    "the variance (divided by n)": np.var,
    "the variance (divided by n - 1)": lambda x, **how: np.var(x, ddof=1, **how),
    "the median": np.median,
    "the product": np.prod,
    "the norm": lambda x, **how: np.sqrt(np.sum(x * x, **how)),
}
_INDICES: dict[str, Reduction] = {
    "the index of the largest (argmax)": np.argmax,
    "the index of the smallest (argmin)": np.argmin,
}
_UNDOING = ("expm1", "log1p")
_PLACES = {"the first": 0, "the last": -1, "the second": 1, "the last but one": -2}
_BEFORE: dict[str, Function] = {
    "": lambda x: x,
    " of the absolute value": np.abs,
    " of the square": np.square,
}
_ALONE = {"": _BEFORE[""]}
_MOST_GIVEN, _LARGEST = 4, 1 << 22
_FEWEST_MOVED = 4  # values between steps, below which a pattern of zeros and ones is chance
_FEWEST_LEFT = 16  # at another step, where all that is moved goes one way
_MOST_AXES = 5


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """Functions of what its maker is given, of two of them, and reductions."""
    given = given_to_the_maker(evidence)
    with np.errstate(all="ignore"):
        for name, tensor in given.items():
            yield from _unary(evidence, name, tensor)
        yield from _binary(evidence, given)
        for name, tensor in given.items():
            yield from _reduced(evidence, name, tensor)
        for name, tensor in given.items():
            yield from _of_blocks(evidence, name, tensor)
        for name, tensor in evidence.producer.before.items() if evidence.producer else ():
            yield from _unary(evidence, f"the reference's {name}", tensor)
        yield from _reduced_before(evidence)


def of_the_right_one(evidence: DifferingLayer) -> Iterator[Trial]:
    """Functions of the right tensor itself, which say less than functions of what it is made of.

    What nobody does to a result in the place of something else is none: an expm1 of a softplus is an exp.
    """
    with np.errstate(all="ignore"):
        for trial in _unary(evidence, "the reference's output", evidence.reference):
            if not trial.words.startswith(_UNDOING):
                yield trial


def given_to_the_maker(evidence: DifferingLayer) -> Mapping[str, Array]:
    """What the maker of the tensor is given: the layer itself, or what makes a wrong input."""
    if evidence.producer is not None:
        found = {f"the reference's {name}": tensor for name, tensor in evidence.producer.given.items()}
    else:
        found = {f"its input number {place}": tensor for place, tensor in enumerate(evidence.inputs)}
    kept = {name: tensor for name, tensor in found.items() if tensor.dtype.kind == "f"}
    return dict(list(kept.items())[:_MOST_GIVEN])


def _unary(evidence: DifferingLayer, name: str, tensor: Array) -> Iterator[Trial]:
    if tensor.shape != evidence.port.shape or tensor.dtype.kind != "f" or not tensor.ndim:
        return
    for words, function in _UNARY.items():
        if first_fits(evidence, function, tensor):
            wide = tensor.astype(np.float64)
            made = function(wide)
            if np.array_equal(made, wide):
                continue  # nothing here shows that it is applied
            trial = _trial(evidence, f"{words} of {name}", made)
            told = words in _TO_STEPS and _is_told_by_steps(tensor, evidence.port)
            yield replace(trial, says_itself=True) if told else trial


def _is_told_by_steps(tensor: Array, port: Array) -> bool:
    """Whether enough values are moved to a step: then few plain ones are no chance.

    They are moved up and down, or all one way, while many others stay at another step.
    """
    up, down = port > tensor, port < tensor
    moved = up | down
    values = np.unique(tensor[moved])
    if not moved.sum() > len(values) >= _FEWEST_MOVED:
        return False
    stays = np.count_nonzero(~moved & ~np.isin(port, port[moved]))
    return bool(up.any() and down.any()) or stays >= _FEWEST_LEFT


def _binary(evidence: DifferingLayer, given: Mapping[str, Array]) -> Iterator[Trial]:
    for (one, left), (other, right) in combinations(given.items(), 2):
        for words, function in _BINARY.items():
            try:
                found = function(left.astype(np.float64), right.astype(np.float64))
            except ValueError:  # shapes that go with no such function
                break
            if found.shape == evidence.port.shape:
                said = f"{words} of {one} and {other}{_what_of_which(evidence, words)}"
                yield _trial(evidence, said, found)


def _what_of_which(evidence: DifferingLayer, words: str) -> str:
    """Which of two is taken off the other, or divided by it, and that the reference does not do so."""
    told = next((said for part, said in _TAKEN_OFF.items() if words.startswith(part)), "")
    if not told:
        return ""
    first, last = ("second", "first") if "other way round" in words else ("first", "second")
    name = evidence.producer.name if evidence.producer else evidence.type
    own = _OWN.get(name.rpartition("/")[2].partition(".")[0], "")
    return f" (the {first} {told} the {last}{own})"


def _reduced(
    evidence: DifferingLayer,
    name: str,
    tensor: Array,
    inside: Mapping[str, Function] = _BEFORE,
) -> Iterator[Trial]:
    """Reductions over any axes that leave as many elements, with the axes kept or not."""
    shape, size = tensor.shape, evidence.port.size
    if tensor.ndim > _MOST_AXES or not size < tensor.size:
        return
    wide = tensor.astype(np.float64)
    reducible = [axis for axis, length in enumerate(shape) if length > 1]  # the others change nothing
    for count in range(1, len(reducible) + 1):
        for axes in combinations(reducible, count):
            if np.prod([n for axis, n in enumerate(shape) if axis not in axes], dtype=int) != size:
                continue
            if count == 1:
                yield from _one_place(evidence, name, wide, *axes)
            for before, change in inside.items():
                for words, reduction in REDUCTIONS.items():
                    found = np.asarray(reduction(change(wide), axis=axes)).reshape(evidence.port.shape)
                    said = f"{words} over axes {_listed(axes)}{before} of {name}"
                    yield _trial(evidence, f"{said}{counted(words, tensor.size // size)}", found)


def counted(words: str, count: int) -> str:
    """Of a mean, what it is divided by."""
    return f" (their sum divided by how many there are, {count})" if words == "the mean" else ""


def _reduced_before(evidence: DifferingLayer) -> Iterator[Trial]:
    """Reductions of what the makers of its maker's inputs are given: one reduction for both steps."""
    producer = evidence.producer
    large = list(producer.before.items()) if producer is not None and evidence.carries(0) else []
    for name, tensor in large[:_MOST_GIVEN]:
        if producer is None or tensor.dtype.kind != "f" or tensor.size > _LARGEST:
            continue
        for trial in _reduced(evidence, f"the reference's {name}", tensor, inside=_ALONE):
            words = f"{trial.words}, in the place of {producer.name}"
            yield Trial(words, predicted=trial.predicted, culprits=(producer.name,))


def _of_blocks(evidence: DifferingLayer, name: str, tensor: Array) -> Iterator[Trial]:
    """Reductions over equal blocks of as many axes, as a pooling without overlap makes them."""
    wanted = evidence.port.shape
    if tensor.ndim != len(wanted) or tensor.size <= evidence.port.size:
        return
    blocks = Blocks.of(tensor.shape, wanted)
    if blocks is None:
        return
    steps = [size // count for size, count in zip(tensor.shape, wanted, strict=True)]
    sizes = "x".join(map(str, steps))
    parts = blocks.split(tensor.astype(np.float64))
    for words, reduction in REDUCTIONS.items():
        said = f"{words} over blocks of {sizes} of {name}, as a pooling without overlap does"
        yield _trial(evidence, said, reduction(parts, axis=-1))
    for words, place in (("the first", 0), ("the last", -1)):
        sliced = f"{words} of each block of {sizes} of {name}: a slice with {_steps_in_words(steps)}"
        yield _trial(evidence, sliced, parts[..., place])


def _steps_in_words(steps: Sequence[int]) -> str:
    """Where a slice does not take every element."""
    return " and ".join(f"steps of {step} along axis {axis}" for axis, step in enumerate(steps) if step > 1)


def _one_place(evidence: DifferingLayer, name: str, tensor: Array, axis: int) -> Iterator[Trial]:
    """One place along an axis, as a reduction is forgotten or another token is read."""
    for words, place in _PLACES.items():
        if -tensor.shape[axis] <= place < tensor.shape[axis]:
            found = tensor.take(place, axis).reshape(evidence.port.shape)
            yield _trial(evidence, f"{words} along axis {axis} of {name}", found)
    for words, index in _INDICES.items():
        found = index(tensor, axis=axis).reshape(evidence.port.shape)
        yield _trial(evidence, f"{words} along axis {axis} of {name}", found)


def _listed(axes: tuple[int, ...]) -> str:
    return " and ".join(map(str, axes))


def _trial(evidence: DifferingLayer, words: str, found: Array) -> Trial:
    return Trial(words, predicted=np.asarray(found).astype(evidence.port.dtype))
