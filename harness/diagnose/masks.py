"""Hypotheses: where the reference fills places of a tensor with one value, the port fills others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, Trial

_LEAST_SHARE = 0.02
_FEWEST_PLACES, _SMALLEST_TRIANGLE, _LARGEST = 9, 3, 1 << 22
_MOST_LOOKED_AT = 64


class Triangle(NamedTuple):
    """Which side of a matrix is set, from which diagonal on."""

    lower: bool
    diagonal: int

    @property
    def words(self) -> str:
        """What it is called."""
        return f"{'a lower' if self.lower else 'an upper'} triangle from diagonal {self.diagonal}"


def of_two_values(evidence: DifferingLayer) -> Iterator[Trial]:
    """A tensor of two values is a mask: inverted, or a triangle whose diagonal is another one."""
    right, port = evidence.reference, evidence.port
    if right.shape != port.shape or not _FEWEST_PLACES <= right.size <= _LARGEST:
        return
    values = np.unique(right)
    if len(values) != 2 or not np.isin(port, values).all():
        return
    high = values[1]
    inverted = np.where(right == high, values[0], high).astype(port.dtype)
    yield Trial(
        "the reference's output inverted, as the opposite of a mask", predicted=inverted, says_itself=True
    )
    ours, its = triangle_of(right == high), triangle_of(port == high)
    if ours is not None and its is not None and ours != its:
        off = abs(ours.diagonal - its.diagonal)
        how = (
            f": a mask whose diagonal is off by {'one' if off == 1 else off}"
            if ours.lower == its.lower
            else ""
        )
        words = f"{its.words}, where the reference's output has {ours.words}{how}"
        drawn = _drawn(its, port.shape, values).astype(port.dtype)
        yield Trial(words, predicted=drawn, says_itself=True)


def triangle_of(filled: Array) -> Triangle | None:
    """The triangle that each matrix of a stack is, if all are the same one."""
    if filled.ndim < 2 or min(filled.shape[-2:]) < _SMALLEST_TRIANGLE:
        return None
    rows, columns = filled.shape[-2:]
    first = filled.reshape(-1, rows, columns)[0]
    if not np.array_equal(filled, np.broadcast_to(first, filled.shape)):
        return None
    for diagonal in sorted(range(1 - rows, columns), key=abs):
        for lower in (True, False):
            if np.array_equal(first, _half(first.shape, Triangle(lower, diagonal))) and not first.all():
                return Triangle(lower, diagonal)
    return None


def _half(shape: tuple[int, ...], triangle: Triangle) -> Array:
    return np.asarray((np.tril if triangle.lower else np.triu)(np.ones(shape[-2:], bool), triangle.diagonal))


def _drawn(triangle: Triangle, shape: tuple[int, ...], values: Array) -> Array:
    return np.where(np.broadcast_to(_half(shape, triangle), shape), values[1], values[0])


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """The same with the mask inverted, left out, turned or moved by one, or with another value in it."""
    right, port = evidence.reference, evidence.port
    if right.shape != port.shape or right.dtype.kind != "f" or right.ndim < 1 or right.size < _MOST_LOOKED_AT:
        return
    fill = most_frequent(right)
    if fill is None:
        return
    filled = right == fill
    for name, below in under(evidence, filled):
        given = below.astype(right.dtype)
        for words, mask in _masks(filled):
            said = f"the reference's {name}, filled with {fill:g} where {words}"
            yield Trial(said, predicted=np.where(mask, right.dtype.type(fill), given))
    other = most_frequent(port)
    if other is not None and other != fill:
        words = f"the reference's with {other:g} in the place of {fill:g}, which a mask fills in"
        yield Trial(words, predicted=np.where(filled, right.dtype.type(other), right), fitted=1)


def _masks(filled: Array) -> Iterator[tuple[str, Array]]:
    yield "the mask is not set: it is inverted", ~filled
    yield "nothing is: the mask is missing", np.zeros_like(filled)
    if filled.ndim >= 2 and filled.shape[-1] == filled.shape[-2]:
        yield "the mask is transposed", filled.swapaxes(-1, -2)
    triangle = triangle_of(filled)
    if filled.ndim >= 2:
        for step, words in ((1, "later"), (-1, "earlier")):
            said = f"the mask begins one place {words}"
            if triangle is None:
                yield said, np.roll(filled, step, -1)
            else:
                moved = triangle._replace(diagonal=triangle.diagonal + step)
                off = f"{said}: its diagonal is off by one"
                yield off, np.broadcast_to(_half(filled.shape, moved), filled.shape)


def most_frequent(tensor: Array) -> float | None:
    """The value that many elements have."""
    values, counts = np.unique(tensor, return_counts=True)
    most = int(np.argmax(counts))
    return float(values[most]) if counts[most] >= max(2, _LEAST_SHARE * tensor.size) else None


def under(evidence: DifferingLayer, filled: Array) -> Iterator[tuple[str, Array]]:
    """Recorded tensors that are the right one wherever nothing is filled in."""
    looked = 0
    for other in evidence.recorded:
        if other.shape != filled.shape or looked == _MOST_LOOKED_AT:
            continue
        looked += 1
        tensor = other.read()
        if tensor.dtype.kind != "f" or not _agrees(tensor, evidence.reference, ~filled):
            continue
        if not _agrees(tensor, evidence.reference, filled):
            yield other.name, tensor
            return


def _agrees(tensor: Array, right: Array, places: Array) -> bool:
    return bool(places.any() and np.array_equal(tensor[places], right[places]))
