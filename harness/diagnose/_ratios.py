"""Numbers that a person writes into a formula, and what a ratio of two tensors stands for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

from harness.diagnose._evidence import DifferingLayer, is_number, plain_number
from harness.forms import axes_text, shape_text

_NEAR = 1e-5
_FEWEST = 5  # elements that a mean runs over, below which its count is any small number
_MOST_AXES = 5
# Numbers that are not plain, and that a person writes all the same.
_CONSTANTS: dict[float, str] = {
    **{root**0.5: f"the square root (sqrt) of {root}" for root in (2, 3, 5, 6, 7)},
    **{root**-0.5: f"one over the square root (sqrt) of {root}" for root in (2, 3, 5, 6, 7)},
    math.pi: "pi",
    2 * math.pi: "twice pi",
    math.pi / 2: "half of pi",
    1 / math.pi: "one over pi",
    math.pi / 180: "from degrees to radians",
    180 / math.pi: "from radians to degrees",
    math.log(2): "the logarithm of 2, as from base 2 to base e",
    1 / math.log(2): "one over the logarithm of 2, as from base e to base 2",
    math.log(10): "the logarithm of 10, as from base 10 to base e",
    1 / math.log(10): "one over the logarithm of 10, as from base e to base 10",
    math.e: "e, as a one more in an exponent makes it",
    1 / math.e: "one over e, as a one less in an exponent makes it",
}


def constant(number: float) -> tuple[float, str] | None:
    """The constant with a name that a fitted number is, or its opposite, with words; or None."""
    for exact, words in _CONSTANTS.items():
        if abs(abs(number) - exact) <= _NEAR * exact:
            return math.copysign(exact, number), f" ({words})"
    return None


def plain(number: float) -> float | None:
    """The plain number, or the whole one, that a fitted number is; None where it is neither."""
    found = plain_number(number)
    if found is None and is_number(number) and abs(number - round(number)) <= _NEAR * abs(number):
        found = float(round(number))
    return found


def said_of_ratio(evidence: DifferingLayer, factor: float, shape: Sequence[int]) -> str:
    """What a factor of a tensor of this shape stands for, if a mean or a sum would make it; else nothing."""
    if not is_number(factor):
        return ""
    count, words = factor, "a sum in the place of a mean"
    if abs(factor) < 1:
        count, words = 1 / factor, "a mean in the place of a sum"
    whole = round(count)
    if whole < _FEWEST or abs(count - whole) > 4 * _NEAR * whole:
        return ""
    rest = [size for size in shape if size != 1]
    for name, its in _shapes(evidence):
        over = [axes_text(axes) for axes in _axes(its) if _leave(its, axes, rest) == whole]
        if over:
            which = f"over {' or over '.join(over)} of {name} ({shape_text(its)})"
            return f", as {words} makes it: {whole} is the number of elements {which}"
    return ""


def _leave(shape: tuple[int, ...], axes: tuple[int, ...], wanted: list[int]) -> int:
    """How many elements some axes have, if the others have the wanted sizes; else 0."""
    kept = [size for axis, size in enumerate(shape) if axis not in axes and size != 1]
    return math.prod(shape[axis] for axis in axes) if kept == wanted else 0


def _shapes(evidence: DifferingLayer) -> Iterator[tuple[str, tuple[int, ...]]]:
    """What is near first, then everything else that the reference has."""
    if evidence.producer is not None:
        for name, tensor in (*evidence.producer.given.items(), *evidence.producer.before.items()):
            yield f"the reference's {name}", tensor.shape
    for place, tensor in enumerate(evidence.inputs):
        yield f"its input number {place}", tensor.shape
    for other in evidence.recorded:
        yield f"the reference's {other.name}", other.shape


def _axes(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    long = [axis for axis, size in enumerate(shape) if size > 1]
    for count in range(1, len(long) + 1 if len(long) <= _MOST_AXES else 1):
        yield from combinations(long, count)


def of_sizes(evidence: DifferingLayer) -> dict[float, str]:
    """Sizes, their roots, and one over both, each with words: what scales are made of."""
    given = [*evidence.inputs, *(evidence.producer.given.values() if evidence.producer else ())]
    found: dict[float, str] = {}
    for size in dict.fromkeys((*evidence.port.shape, *(n for x in given for n in x.shape))):
        if size > 1:
            root = f" (the square root (sqrt) of a size, {size})"
            said = {float(size): " (a size)", size**0.5: root, 1 / size: f" (one over a size, {size})"}
            for number, words in {
                **said,
                size**-0.5: f" (one over the square root (sqrt) of a size, {size})",
            }.items():
                found.setdefault(number, words)
    return found
