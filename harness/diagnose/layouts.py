"""Hypotheses: the right elements in another layout: reshaped, not permuted; heads or groups mixed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import NamedTuple

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, Trial

_PARTS = (2, 3, 4, 6, 8)
_MOST_AXES = 5
_MOST_TENSORS = 24


class TensorReading(NamedTuple):
    """A way to read a tensor: split its axes, take them in an order, read as other sizes, reorder those."""

    split: tuple[int, ...]
    order: tuple[int, ...]
    read: tuple[int, ...]
    then: tuple[int, ...]

    def of(self, tensor: Array, shape: tuple[int, ...]) -> Array:
        """The tensor in this layout."""
        moved = tensor.reshape(self.split).transpose(self.order)
        return moved.reshape(self.read).transpose(self.then).reshape(shape)

    @property
    def words(self) -> str:
        """How it is made."""
        parts = [f"reshaped to {_sizes(self.split)}"]
        if self.order != tuple(range(len(self.order))):
            parts.append(f"its axes in the order {_axes(self.order)}")
        if self.read != tuple(self.split[axis] for axis in self.order):
            parts.append(f"reshaped to {_sizes(self.read)}")
        if self.then != tuple(range(len(self.then))):
            parts.append(f"those axes in the order {_axes(self.then)}")
        return ", ".join(parts)


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """Layouts of the right tensor, blocks of one axis moved, then layouts of any other tensor."""
    yield from _of(evidence, evidence.reference, "the reference's output")
    yield from _blocks(evidence)
    alike = [one for one in evidence.recorded if np.prod(one.shape, dtype=int) == evidence.port.size]
    for other in alike[:_MOST_TENSORS]:
        if evidence.is_late():
            return
        yield from _of(evidence, other.read(), f"the reference's {other.name}")


def _of(evidence: DifferingLayer, tensor: Array, name: str) -> Iterator[Trial]:
    if not same_elements(tensor, evidence.port, evidence.floor):
        return
    for layout in layouts(tensor.shape, evidence.port.shape):
        found = layout.of(tensor, evidence.port.shape)
        if evidence.reproduces(found):  # the first and plainest way; others give the same permutation
            yield Trial(f"{name} {layout.words}", predicted=found)
            return


def same_elements(ours: Array, its: Array, floor: float) -> bool:
    """Whether one tensor may be a permutation of the other."""
    if ours.size != its.size or ours.size < 4 or ours.dtype.kind != "f" or its.dtype.kind != "f":
        return False
    with np.errstate(invalid="ignore"):  # an infinity less itself
        gap = np.sort(ours, None).astype(np.float64) - np.sort(its, None)
    return bool(np.isfinite(gap).all() and np.linalg.norm(gap) <= floor)


def layouts(shape: tuple[int, ...], wanted: tuple[int, ...]) -> Iterator[TensorReading]:
    """Ways from one shape to another, the plain ones first."""
    plain = tuple(range(len(wanted)))
    for split in _splits(shape):
        for order in permutations(range(len(split))):
            yield TensorReading(split, order, wanted, plain)
    for order in permutations(range(len(shape))) if len(shape) <= _MOST_AXES else ():
        for read in _splits(wanted):
            yield from _read_otherwise(shape, order, read)


def _read_otherwise(
    shape: tuple[int, ...], order: tuple[int, ...], wanted: tuple[int, ...]
) -> Iterator[TensorReading]:
    """Read as the wanted sizes in another order, and put in order after that."""
    for then in permutations(range(len(wanted))):
        if then != tuple(range(len(wanted))):
            read = [0] * len(wanted)
            for place, axis in enumerate(then):
                read[axis] = wanted[place]
            yield TensorReading(shape, order, tuple(read), then)


def _splits(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """The shape, and the shape with one axis cut in two."""
    if len(shape) <= _MOST_AXES:
        yield shape
    for axis, size in enumerate(shape if len(shape) < _MOST_AXES else ()):
        for parts in dict.fromkeys((*_PARTS, *(size // part for part in _PARTS))):
            if 1 < parts < size and size % parts == 0:
                yield (*shape[:axis], parts, size // parts, *shape[axis + 1 :])


def _blocks(evidence: DifferingLayer) -> Iterator[Trial]:
    """One axis backwards, moved by some places, or with its halves, thirds or quarters in another order."""
    tensor = evidence.reference
    if tensor.shape != evidence.port.shape:
        return
    for axis, size in enumerate(tensor.shape):
        if size < 2:
            continue
        said = f"the reference's output with axis {axis}"
        yield Trial(f"{said} in the opposite order", predicted=np.flip(tensor, axis))
        for parts in (2, 3, 4):
            if size % parts == 0 and size > parts:
                blocks = np.split(tensor, parts, axis)
                for order in list(permutations(range(parts)))[1:]:
                    moved = np.concatenate([blocks[place] for place in order], axis)
                    yield Trial(
                        f"{said} cut into {parts} blocks, in the order {_axes(order)}", predicted=moved
                    )
        for step in (1, -1):
            yield Trial(f"{said} shifted by {step}", predicted=np.roll(tensor, step, axis))
            yield Trial(
                f"{said} shifted by {step}, with zeros at the end", predicted=_pushed(tensor, step, axis)
            )


def _pushed(tensor: Array, step: int, axis: int) -> Array:
    moved = np.moveaxis(np.roll(tensor, step, axis), axis, 0).copy()
    moved[0 if step > 0 else -1] = 0
    return np.moveaxis(moved, 0, axis)


def _sizes(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _axes(order: tuple[int, ...]) -> str:
    return ", ".join(map(str, order))
