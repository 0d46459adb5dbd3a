"""The evidence that a hypothesis can use, and the trials that it can ask for."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_FIRST = 64
_PLAIN, _FEWEST_OF_PLAIN, _LARGEST_COUNT = 1e-5, 4, 1000
_FEWEST_VALUES, _LEAST_PATTERN, _FEWEST_OTHERS = 4, 32, 6
_SMALLEST = 1e-12  # below it nothing is a factor that anybody writes
_FEWEST_FILLED, _DWARFED = 2, 1e-4
_ROOM_BESIDE = 16.0  # by how much what is beside fills may stray more than in proportion to its size


def is_number(number: float) -> bool:
    """Whether it is finite, and more than next to nothing."""
    return math.isfinite(number) and abs(number) >= _SMALLEST


def plain_number(number: float) -> float | None:
    """The number of two digits, or one over a count, that a fitted number is; None where it is neither."""
    if not is_number(number):
        return None
    count = round(1 / number)
    near = [float(f"{number:.1e}"), *([1 / count] if 0 < abs(count) <= _LARGEST_COUNT else [])]
    return next((its for its in near if abs(number - its) <= _PLAIN * abs(number)), None)


def fills(tensor: Array) -> Array | None:
    """Where a tensor is filled with values that dwarf all others, as a mask does it; None where it is not."""
    if tensor.dtype.kind != "f" or not tensor.size:
        return None
    sizes = np.abs(tensor)
    filled = sizes > 0.5 * sizes.max()
    rest = sizes[~filled]
    dwarfs = np.isfinite(sizes).all() and rest.size and rest.max() < _DWARFED * sizes.max()
    return filled if dwarfs and np.count_nonzero(filled) >= _FEWEST_FILLED else None


@dataclass(frozen=True)
class ReferenceTensor:
    """A tensor that the reference has: its name, its shape, and how to read it."""

    name: str
    shape: tuple[int, ...]
    read: Callable[[], Array]


@dataclass(frozen=True)
class Producer:
    """What makes a tensor in the reference: a layer or an operation, and what it is given, by name.

    `before` is what the makers of these are given in their turn, `terms` what a chain of sums adds up.
    """

    name: str
    given: Mapping[str, Array]
    before: Mapping[str, Array] = field(default_factory=dict)
    terms: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class DifferingLayer:
    """One layer that differs: what both sides returned for the same inputs, and what the layer is.

    `differing` holds the attributes that are not the same on both sides, as (reference, port). `floor` is
    how far apart in l2 rounding alone may put two such tensors. `recorded` is everything else that the
    reference has, `producer` what makes the tensor in question, and `kin` the states of other layers of this
    class and these shapes, by path.
    A search ends at `until`, by the monotonic clock.
    """

    type: str
    reference: Array
    port: Array
    inputs: tuple[Array, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    differing: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    state: Mapping[str, Array] = field(default_factory=dict)
    operation: bool = False
    training: bool = False
    floor: float = 0.0
    recorded: Sequence[ReferenceTensor] = ()
    producer: Producer | None = None
    kin: Mapping[str, Mapping[str, Array]] = field(default_factory=dict)
    until: float = math.inf

    def is_late(self) -> bool:
        """Whether the time for a search is up."""
        return time.monotonic() > self.until

    def distance(self, tensor: Array) -> float:
        """The distance of a tensor from the port's result; infinite if the shapes differ."""
        if tensor.shape != self.port.shape:
            return float("inf")
        with np.errstate(all="ignore"):
            gap = tensor.astype(np.float64) - self.port.astype(np.float64)
            same = tensor == self.port  # infinities as well
            if tensor.dtype.kind == "f":
                same |= np.isnan(tensor) & np.isnan(self.port)
            found = float(np.sqrt(np.sum(np.where(same, 0.0, gap) ** 2)))
        return found if np.isfinite(found) else float("inf")

    def reproduces(self, tensor: Array) -> bool:
        """Whether a tensor is the port's result within noise, and far closer to it than the reference."""
        return (
            self.begins_like(tensor)
            and self._is_near(self.distance(tensor))
            and self._is_near_beside_fills(tensor)
        )

    def _is_near_beside_fills(self, tensor: Array) -> bool:
        """Whether it is the port's result at the scale of what is no fill: else anything would be."""
        filled = fills(self.port)
        if filled is None:
            return True
        its = self.port[~filled].astype(np.float64)
        gap = float(np.linalg.norm(tensor[~filled].astype(np.float64) - its))
        share = float(np.linalg.norm(its)) / float(np.linalg.norm(self.port.astype(np.float64)))
        return gap <= _ROOM_BESIDE * share * self.floor

    def _is_near(self, apart: float) -> bool:
        return apart <= self.floor and apart <= 0.1 * self.distance(self.reference)

    def begins_like(self, tensor: Array) -> bool:
        """Whether the first elements alone leave it open that a tensor is the port's: a cheap first look."""
        if tensor.shape != self.port.shape:
            return False
        ours, its = (np.asarray(part.flat[:_FIRST], np.float64) for part in (tensor, self.port))
        with np.errstate(invalid="ignore"):  # an infinity less itself
            gap = ours - its
        found = float(np.sqrt(np.sum(gap * gap, where=np.isfinite(gap))))
        return found <= self.floor

    def carries(self, fitted: int) -> bool:
        """Whether there is more evidence than so many fitted numbers use up."""
        return self._different() >= 3 * fitted + 4

    def carries_plain(self, number: float) -> bool:
        """Whether one fitted number, of two digits or one over a count, is so plain that few prove it."""
        is_plain = plain_number(number) is not None
        return is_number(number) and (self.carries(1) or (is_plain and self._different() >= _FEWEST_OF_PLAIN))

    def tells(self) -> bool:
        """Whether the port's values can tell one hypothesis from another.

        Four different ones do; fewer if they are no plain numbers, or if a pattern of many elements shows.
        """
        found, counts = np.unique(self.port, return_counts=True)
        if len(found) >= _FEWEST_VALUES:
            return True
        if self.port.dtype.kind == "f" and (np.abs(found * 4 - np.round(found * 4)) > _PLAIN).any():
            return True
        others = self.port.size - int(counts.max(initial=0))
        return self.port.size >= _LEAST_PATTERN and others >= _FEWEST_OTHERS

    def _different(self) -> int:
        return len(np.unique(self.port[np.isfinite(self.port)])) if self.port.dtype.kind == "f" else 0


@dataclass(frozen=True)
class Trial:
    """One hypothesis made concrete: what to change in the reference's layer, or the tensor it predicts.

    `words` follow "the port's output equals ". `fitted` counts the numbers that were fitted to the port's
    tensor: what fits by them is a description more than a cause, and is reported as fitted. `says_itself`
    marks what tells of the values themselves, as zeros, so that few of them are enough. `twice` gives the
    layer's result to it once more. `taken` names the recorded tensor that this one would be, `part_of` the
    one that it would be cut out of, `entry` the fact of the knowledge base that it tries, `culprits` the
    layers at fault, where it tells of others than the one that differs.
    """

    words: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    state: Mapping[str, Array] = field(default_factory=dict)
    training: bool | None = None
    predicted: Array | None = None
    fitted: int = 0
    taken: str = ""
    part_of: str = ""
    without: tuple[str, ...] = ()
    kind: str = ""
    entry: str = ""
    culprits: tuple[str, ...] = ()
    says_itself: bool = False
    twice: bool = False
