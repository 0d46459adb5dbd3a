"""The rule by which elements of one tensor lie in another: a base, and a step for each digit of the index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import NamedTuple

import numpy as np

from harness.diagnose._evidence import Array

_LONGEST_TABLE = 32
_ALONE = 0.25  # the share of the elements that must be known by their values
_MOST_SHOWN = 8


class Digit(NamedTuple):
    """One digit of an index: what each of its values adds to the place in the source."""

    steps: tuple[int, ...]

    @property
    def step(self) -> int | None:
        """The step between its values, if it is the same everywhere."""
        (first, *others) = np.diff(self.steps).tolist()
        return int(first) if all(other == first for other in others) else None


class PlaceRule(NamedTuple):
    """The port's axes in an order; read so, each digit of the index adds to a base."""

    order: tuple[int, ...]
    base: int
    digits: tuple[Digit, ...]

    @property
    def numbers(self) -> int:
        """How many numbers it has."""
        return 1 + sum(1 if digit.step is not None else len(digit.steps) for digit in self.digits)

    def places(self) -> Array:
        """All places, in the order of the digits."""
        found = np.array([self.base])
        for digit in self.digits:
            found = np.add.outer(found, np.array(digit.steps))
        return found.reshape(-1)

    def fits(self, size: int) -> bool:
        """Whether all places lie in a source of this size."""
        places = self.places()
        return bool(places.min() >= 0 and places.max() < size)

    def of(self, source: Array, shape: tuple[int, ...]) -> Array:
        """The elements of a source in this order."""
        taken = source.reshape(-1)[self.places()].reshape([shape[axis] for axis in self.order])
        return taken.transpose(np.argsort(self.order))


def rule_of(places: Array, known: Array) -> PlaceRule | None:
    """The shortest rule for places of which some are known; None where there is no short one."""
    if np.count_nonzero(known) < _ALONE * known.size:
        return None
    completed = None if known.all() else _completed(places, known)
    return (
        _by_axes(places)
        or (None if completed is None else _by_axes(completed))
        or _nested(places)
        or (None if completed is None else _nested(completed))
    )


def _by_axes(places: Array) -> PlaceRule | None:
    """A rule where each axis adds its own part, whatever the others are."""
    zero = places[(0,) * places.ndim]
    parts = [
        places[(0,) * axis + (slice(None),) + (0,) * (places.ndim - axis - 1)] - zero
        for axis in range(places.ndim)
    ]
    together = zero
    for part in parts:
        together = np.add.outer(together, part)
    if not np.array_equal(together, places):
        return None
    digits = [_digits(part) for part in parts]
    if any(one is None for one in digits):
        return None
    return PlaceRule(
        tuple(range(places.ndim)), int(zero), tuple(digit for one in digits for digit in one or ())
    )


def _nested(places: Array) -> PlaceRule | None:
    """A rule of the axes read as one, in some order."""
    found = []
    for order in permutations(range(places.ndim)):
        flat = places.transpose(order).reshape(-1)
        digits = _digits(flat)
        if digits is not None:
            found.append(PlaceRule(order, int(flat[0]), tuple(digits)))
    return min(found, key=lambda rule: (rule.numbers, _turns(rule.order)), default=None)


def _turns(order: Sequence[int]) -> int:
    return sum(place != axis for place, axis in enumerate(order))


def _completed(places: Array, known: Array) -> Array | None:
    """Places that equal values hide: each index of an axis adds the same, wherever both ends are known.

    Where none is known, steps go on as they went before.
    """
    begin = tuple(int(part[0]) for part in np.nonzero(known))
    whole = np.full(places.shape, places[begin])
    for axis, size in enumerate(places.shape):
        first = places.take([begin[axis]], axis)
        there = known & known.take([begin[axis]], axis)
        gaps = places - first
        steps = list[int]()
        for index in range(size):
            seen = gaps.take(index, axis)[there.take(index, axis)]
            if len(seen):
                steps.append(int(np.median(seen)))
            elif index > 1:
                steps.append(2 * steps[-1] - steps[-2])
            else:
                return None
        whole += np.array(steps).reshape([-1 if other == axis else 1 for other in range(places.ndim)])
    return whole if np.array_equal(whole[known], places[known]) else None


def _digits(flat: Array) -> list[Digit] | None:
    """Digits from the outermost in, for places in order; None where no short ones make them."""
    if len(flat) == 1:
        return []
    for length in _runs(flat):
        block = flat[:length] - flat[0]
        rows = flat.reshape(-1, length)
        if np.array_equal(rows, rows[:, :1] + block):
            outer = _digits(rows[:, 0])
            return None if outer is None else [*outer, Digit(tuple(block.tolist()))]
    return None


def _runs(flat: Array) -> Iterator[int]:
    """Lengths that a digit may have: the longest run of one step first, then the shortest tables."""
    steps = np.diff(flat)
    other = np.flatnonzero(steps != steps[0])
    run = int(other[0]) + 1 if len(other) else len(flat)
    for length in range(run, 1, -1):
        if len(flat) % length == 0:
            yield length
    for length in range(max(2, run), min(_LONGEST_TABLE, len(flat)) + 1):
        if len(flat) % length == 0:
            yield length


def said(rule: PlaceRule, source: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """The rule in words that follow the name of a source; empty where the source is taken as it is."""
    if np.array_equal(rule.places(), np.arange(np.prod(source))) and rule.order == tuple(range(len(shape))):
        return "" if source == shape else f" reshaped to {_sizes(shape)}"
    permuted = _permuted(rule, source, shape)
    return permuted or _axis_by_axis(rule, source) or _steps(rule, source)


def said_of_start(gap: int, source: tuple[int, ...]) -> str:
    """A slice that begins so many elements off, in words; empty where that is not along one axis."""
    for axis, size in enumerate(source):
        stride = int(np.prod(source[axis + 1 :]))
        by, rest = divmod(abs(gap), stride)
        if by and not rest and by < size:
            which = "later" if gap > 0 else "earlier"
            off = ", an index is off by one" if by == 1 else ""
            return f", in a slice that begins {by} {which} along axis {axis} than it should{off}"
    return ""


def _permuted(rule: PlaceRule, source: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """A reshape, a permutation, and a reshape: where every element comes up once, by plain steps."""
    steps = [digit.step for digit in rule.digits]
    if rule.base or any(step is None or step <= 0 for step in steps):
        return ""
    sizes = [len(digit.steps) for digit in rule.digits]
    split = sorted(range(len(steps)), key=lambda place: -(steps[place] or 0))
    wanted, one = {}, 1
    for place in reversed(split):
        wanted[place], one = one, one * sizes[place]
    if one != np.prod(source) or any(steps[place] != step for place, step in wanted.items()):
        return ""
    order = [split.index(place) for place in range(len(split))]
    parts = [
        f" reshaped to {_sizes([sizes[place] for place in split])}, its axes in the order {_listed(order)}"
    ]
    read = tuple(shape[axis] for axis in rule.order)
    if read != tuple(sizes):
        parts.append(f"reshaped to {_sizes(read)}")
    if _turns(rule.order):
        parts.append(f"those axes in the order {_listed(np.argsort(rule.order).tolist())}")
    return ", ".join(parts)


def _axis_by_axis(rule: PlaceRule, source: tuple[int, ...]) -> str:
    """What is taken along each axis of the source, where each digit belongs to one axis alone."""
    strides = [int(np.prod(source[axis + 1 :])) for axis in range(len(source))]
    begins = [int(part) for part in np.unravel_index(rule.base, source)]
    of_axes: dict[int, Array] = {}
    repeated = [f"repeated {len(digit.steps)} times" for digit in rule.digits if not any(digit.steps)]
    for digit in rule.digits:
        if any(digit.steps):
            axis = next((a for a in range(len(source)) if _lies_in(digit, strides[a], source[a])), None)
            if axis is None:
                return ""
            own = np.array(digit.steps) // strides[axis]
            of_axes[axis] = np.add.outer(of_axes.get(axis, np.zeros(1, int)), own).reshape(-1)
    parts = [
        words
        for axis, size in enumerate(source)
        for words in _along(axis, size, begins[axis] + of_axes.get(axis, np.zeros(1, int)))
    ]
    if list(of_axes) != sorted(of_axes):
        parts.append(f"its axes in the order {_listed(list(of_axes))}")
    return f": {', '.join([*parts, *repeated])}" if parts or repeated else " reshaped"


def _lies_in(digit: Digit, stride: int, size: int) -> bool:
    return all(step % stride == 0 and abs(step // stride) < size for step in digit.steps)


def one_of(place: int, size: int, axis: int) -> str:
    """One index in words."""
    sample = ", one sample where that is the batch" if axis == 0 else ""
    return f"number {place} of {size} along axis {axis} (index {place}{sample})"


def part_from(first: int, count: int) -> str:
    """A slice in words."""
    return f"the part from {first} (slice {first}:{first + count})"


def every(step: int, first: int) -> str:
    """A slice with a step in words."""
    return f"every {step}th from {first} (slice {first}::{step}, interleaved)"


def _along(axis: int, size: int, places: Array) -> Iterator[str]:
    """What is taken along one axis."""
    first, steps = int(places[0]), np.diff(places)
    if len(places) == 1:
        if size > 1:
            yield one_of(first, size, axis)
    elif (steps == 1).all():
        if len(places) < size:
            yield f"{part_from(first, len(places))} along axis {axis}"
    elif (steps == -1).all():
        yield f"axis {axis} in the opposite order"
    elif (steps == steps[0]).all():
        yield f"{every(int(steps[0]), first)} along axis {axis}"
    elif len(places) == size == 2 * first and np.array_equal(places, (np.arange(size) + first) % size):
        yield f"the two halves of axis {axis} exchanged"
    elif len(places) == size and np.array_equal(places, (np.arange(size) + first) % size):
        by = size - first if 2 * first > size else -first
        yield f"axis {axis} shifted by {by}, what falls out at one end comes in at the other"
    else:
        yield f"axis {axis} in the order {_listed(places.tolist())}"


def _steps(rule: PlaceRule, source: tuple[int, ...]) -> str:
    """The bare rule, where no shorter words say it."""
    digits = ", ".join(
        f"{len(digit.steps)} times in steps of {digit.step}"
        if digit.step is not None
        else f"{len(digit.steps)} times at {_listed(list(digit.steps))}"
        for digit in rule.digits
    )
    order = f"its axes in the order {_listed(rule.order)}"
    return f" reshaped to {np.prod(source)}, read from {rule.base}, {digits}, {order}"


def _listed(numbers: Sequence[int]) -> str:
    more = ", ..." if len(numbers) > _MOST_SHOWN else ""
    return ", ".join(map(str, numbers[:_MOST_SHOWN])) + more


def _sizes(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))
