"""Hypotheses: a short formula of recorded tensors, found by looking through all of them at a few elements.

Atoms are what the maker is given, functions and reductions of it, any other tensor of the reference that
goes with the shape, and plain numbers. A formula is one atom, or two with an operation between them; it may
also be what has to be added to the right tensor. Only what agrees at all looked-at elements is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import combinations, islice
from typing import NamedTuple

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, ReferenceTensor, Trial
from harness.diagnose._ratios import of_sizes

_MOST_ATOMS, _MOST_OTHERS, _MOST_AXES, _MOST_REDUCED = 640, 80, 4, 2
_LARGEST, _LARGE = 1 << 20, 1 << 17
_MOST_NEAR = 5
_LOOKED_AT, _FIRST_LOOK = 40, 6
_FEWEST_VALUES = 12
_STRAY = 16.0
_RIGHT = "the reference's output"
_MOST_FOUND = 8
_NUMBERS = (0.5, 2.0, 3.0, 4.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 10.0, 100.0, 255.0)

One = Callable[[Array], Array]
Two = Callable[[Array, Array], Array]
_ONE: dict[str, One] = {
    "": lambda x: x,
    "the absolute value of ": np.abs,
    "the square of ": np.square,
    "the exponential (exp) of ": np.exp,
    "the logarithm (log) of ": np.log,
    "the square root (sqrt) of ": np.sqrt,
    "the sigmoid of ": lambda x: 1 / (1 + np.exp(-x)),
    "the tanh of ": np.tanh,
    "the ReLU of ": lambda x: np.maximum(x, 0),
    "the sign of ": np.sign,
    "one minus ": lambda x: 1 - x,
}
_INSIDE = ("", "the absolute value of ", "the square of ", "the exponential (exp) of ")
_REDUCED: dict[str, Callable[..., Array]] = {
    "the mean over axes {} of ": np.mean,
    "the sum over axes {} of ": np.sum,
    "the largest (max) over axes {} of ": np.max,
    "the smallest (min) over axes {} of ": np.min,
    "the norm over axes {} of ": lambda x, **how: np.sqrt(np.sum(x * x, **how)),
}
_TWO: dict[str, Two] = {
    "{} plus {}": np.add,
    "{} minus {}": np.subtract,
    "{} times {}": np.multiply,
    "{} divided by {}": np.divide,
    "the larger (maximum) of {} and {}": np.maximum,
    "the smaller (minimum) of {} and {}": np.minimum,
}
_EITHER_WAY = (np.add, np.multiply, np.maximum, np.minimum)


class _Atom(NamedTuple):
    """A tensor that goes with the port's shape, in words; `cost` says how far-fetched it is."""

    words: str
    cost: int
    made: Callable[[], Array]
    is_number: bool = False


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """The formulas that agree with the port's tensor at every element looked at, the plainest first."""
    port = evidence.port
    if port.dtype.kind != "f" or not port.ndim or not _FEWEST_VALUES <= port.size <= _LARGEST:
        return
    if len(np.unique(port.flat[:4096])) < _FEWEST_VALUES or not np.isfinite(port).all():
        return
    with np.errstate(all="ignore"):
        for words, made in islice(_found(evidence), _MOST_FOUND):
            yield Trial(words, predicted=np.broadcast_to(made(), port.shape).astype(port.dtype))


def _found(evidence: DifferingLayer) -> Iterator[tuple[str, Callable[[], Array]]]:
    atoms = list(islice(_atoms(evidence), _MOST_ATOMS))
    places = _looked_at(evidence.port)
    allowed = min(evidence.floor, _STRAY * evidence.floor / np.sqrt(evidence.port.size))
    seen = _seen(evidence, atoms, places)
    if seen is None:
        return
    wanted = evidence.port.reshape(-1)[places].astype(np.float64)
    for place in np.flatnonzero((np.abs(seen - wanted) <= allowed).all(1)):
        if atoms[place].words != _RIGHT:
            yield atoms[place].words, atoms[place].made
    yield from _of_two(atoms, seen, wanted, allowed, "", None)
    if evidence.reference.shape == evidence.port.shape and evidence.reference.dtype.kind == "f":
        right = evidence.reference.astype(np.float64)
        own = right.reshape(-1)[places]
        rest = wanted - own
        if len(np.unique(rest)) < _FEWEST_VALUES or np.ptp(rest) <= 2 * allowed:
            return  # one number is added: any two atoms would make it
        other = [place for place, atom in enumerate(atoms) if _RIGHT not in atom.words]
        other = [place for place in other if not np.array_equal(seen[place], own)]  # nor by another name
        kept = [atoms[place] for place in other]
        yield from _of_two(kept, seen[other], rest, allowed, f"{_RIGHT} plus ", right)


def _seen(evidence: DifferingLayer, atoms: Sequence[_Atom], places: Array) -> Array | None:
    """What atoms are at some places; None where there are none, or no time to look at them."""
    rows = list[Array]()
    for atom in atoms:
        if evidence.is_late():
            return None
        rows.append(_at(atom.made(), evidence.port.shape, places))
    return np.stack(rows) if rows else None


def _of_two(
    atoms: Sequence[_Atom], seen: Array, wanted: Array, allowed: float, before: str, added: Array | None
) -> Iterator[tuple[str, Callable[[], Array]]]:
    """Pairs of atoms with an operation between them."""
    fitting = list[tuple[int, str, Callable[[], Array]]]()
    for words, function in _TWO.items():
        for left, right in _agreeing(function, atoms, seen, wanted, allowed):
            said = before + words.format(left.words, right.words) + _known(words, left, right)
            fitting.append((left.cost + right.cost, said, _computed(function, left, right, added)))
    least = min((cost for cost, *_ in fitting), default=0)
    for cost, said, computed in fitting:
        if cost == least:
            yield said, computed


def _agreeing(
    function: Two, atoms: Sequence[_Atom], seen: Array, wanted: Array, allowed: float
) -> Iterator[tuple[_Atom, _Atom]]:
    """Pairs of which a function gives what is wanted, wherever it was looked at."""
    for one in range(len(atoms)):
        begin = one if function in _EITHER_WAY else 0
        few = function(seen[one, :_FIRST_LOOK], seen[begin:, :_FIRST_LOOK])
        for other in begin + np.flatnonzero((np.abs(few - wanted[:_FIRST_LOOK]) <= allowed).all(1)):
            made = function(seen[one], seen[other])
            agrees = (np.abs(made - wanted) <= allowed).all()
            if not agrees or _is_one(made, seen[[one, other]], allowed):
                continue
            if not _is_like_a_number(function, (one, other), atoms, seen, wanted, allowed):
                yield atoms[one], atoms[other]


def _is_like_a_number(
    function: Two, pair: tuple[int, int], atoms: Sequence[_Atom], seen: Array, wanted: Array, allowed: float
) -> bool:
    """Whether one number in the place of a tensor does the same: it is no evidence for that tensor."""
    for place, atom in enumerate(pair):
        values = [seen[one] for one in pair]
        if atoms[atom].is_number:
            continue
        values[place] = np.full_like(wanted, np.median(values[place]))
        if (np.abs(function(*values) - wanted) <= 2 * allowed).all():
            return True
    return False


def _is_one(made: Array, parts: Array, allowed: float) -> bool:
    """Whether a formula is of one atom alone, or gives one of its two atoms back."""
    return bool(np.array_equal(parts[0], parts[1]) or (np.abs(made - parts) <= allowed).all(1).any())


def _known(words: str, left: _Atom, right: _Atom) -> str:
    """The name of a formula that has one."""
    if words != "{} divided by {}":
        return ""
    if right.words == f"one minus {left.words}":
        return ", which is the exponential (exp) of what a sigmoid is given"
    is_softmax = right.words.startswith("the sum") and right.words.endswith(f" of {left.words}")
    return ", which is softmax" if is_softmax and "(exp)" in left.words else ""


def _computed(function: Two, left: _Atom, right: _Atom, added: Array | None) -> Callable[[], Array]:
    def made() -> Array:
        found = np.asarray(function(left.made(), right.made()))
        return found if added is None else added + found

    return made


def _looked_at(port: Array) -> Array:
    """Places of elements that differ, spread over the tensor."""
    drawn = np.random.default_rng(0).permutation(port.size)[: 4 * _LOOKED_AT]
    _, first = np.unique(port.reshape(-1)[drawn], return_index=True)
    return np.asarray(drawn[np.sort(first)][:_LOOKED_AT])


def _at(tensor: Array, shape: tuple[int, ...], places: Array) -> Array:
    return np.asarray(np.broadcast_to(tensor, shape)[np.unravel_index(places, shape)])


def _atoms(evidence: DifferingLayer) -> Iterator[_Atom]:
    """What is near first, then numbers, everything else, and reductions of what is near."""
    shape = evidence.port.shape
    near = list(_near(evidence))
    for cost, (name, tensor) in enumerate(near):
        functions = {"": _ONE[""]} if name == _RIGHT else _ONE  # the right one itself says less
        for words, function in functions.items():
            if _goes_with(tensor.shape, shape):
                yield _Atom(words + name, cost + bool(words), partial(_of, function, tensor))
    numbers = {**dict.fromkeys(_NUMBERS, ""), **of_sizes(evidence)}
    for number, why in numbers.items():
        yield _Atom(f"{number:.6g}{why}", 3, partial(np.asarray, number), True)
    names = {name.removeprefix("the reference's ") for name, _ in near}
    yield from _others([one for one in evidence.recorded if one.name not in names], shape)
    for cost, (name, tensor) in enumerate(near[:_MOST_REDUCED]):
        if name != _RIGHT and tensor.ndim == len(shape) <= _MOST_AXES:
            yield from _reductions(name, tensor.astype(np.float64), shape, cost + 2)


def _of(function: One, tensor: Array) -> Array:
    return np.asarray(function(tensor.astype(np.float64)))


def _others(recorded: Sequence[ReferenceTensor], shape: tuple[int, ...]) -> Iterator[_Atom]:
    fitting = [(one, _fitting_shape(one.shape, shape)) for one in recorded]
    for other, its in [(one, its) for one, its in fitting if its is not None][:_MOST_OTHERS]:
        yield _Atom(f"the reference's {other.name}", 4, partial(_read, other, its), np.prod(its) == 1)


def _read(other: ReferenceTensor, shape: tuple[int, ...]) -> Array:
    return other.read().reshape(shape).astype(np.float64)


def _near(evidence: DifferingLayer) -> Iterator[tuple[str, Array]]:
    """What its maker is given, and what the makers of that are given."""
    producer = evidence.producer
    found = [(f"its input number {place}", tensor) for place, tensor in enumerate(evidence.inputs)]
    if producer is not None:
        given = {**producer.given, **producer.before}
        found = [(f"the reference's {name}", tensor) for name, tensor in given.items()]
    found = found[:_MOST_NEAR]
    if evidence.reference.shape == evidence.port.shape:
        found.append((_RIGHT, evidence.reference))
    for name, tensor in found:
        if tensor.dtype.kind == "f" and tensor.size <= _LARGEST:
            yield name, tensor


def _reductions(name: str, wide: Array, shape: tuple[int, ...], cost: int) -> Iterator[_Atom]:
    long = [
        axis for axis, size in enumerate(wide.shape) if size > 1
    ]  # along others there is nothing to reduce
    for count in range(1, len(long) + 1 if wide.size <= _LARGE else 2):
        for axes in combinations(long, count):
            kept = tuple(1 if axis in axes else size for axis, size in enumerate(wide.shape))
            if not _goes_with(kept, shape):
                continue
            said = " and ".join(map(str, axes))
            for inside in _INSIDE:
                inner = _ONE[inside](wide)
                for words, reduction in _REDUCED.items():
                    found = np.asarray(reduction(inner, axis=axes, keepdims=True))
                    said_so = f"{words.format(said)}{inside}{name}"
                    yield _Atom(said_so, cost + bool(inside), partial(np.asarray, found))


def _goes_with(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return len(shape) <= len(wanted) and all(
        size in (1, its) for size, its in zip(reversed(shape), reversed(wanted), strict=False)
    )


def _fitting_shape(shape: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape as it goes with the wanted one; a vector may also count channels."""
    if np.prod(shape, dtype=np.int64) > _LARGEST:
        return None
    if len(shape) == 1 and len(wanted) > 2 and shape[0] == wanted[1] != wanted[-1]:
        return (shape[0], *(1 for _ in wanted[2:]))
    return shape if shape and _goes_with(shape, wanted) else None
