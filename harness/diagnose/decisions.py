"""Hypotheses: a decision by a threshold stands in the place of one that compares, as the largest is taken."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, ReferenceTensor, Trial

_THRESHOLDS = (0.0, 0.5)
_OF_SHARES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.99, 0.4, 0.3, 0.25, 0.2, 0.1, 0.05, 0.01)
_LEAST, _FEWEST_BITS, _FEWEST_OTHER = 32, 24, 4
_MOST_TENSORS, _MOST_PLACES, _LARGEST = 24, 16, 1 << 22


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """Where a recorded tensor, or one place along an axis of it, is above a number."""
    right, port = evidence.reference, evidence.port
    if right.shape != port.shape or not _LEAST <= port.size <= _LARGEST:
        return
    values = np.unique(port)
    if len(values) != 2 or values[0] != 0 or not np.isin(right, values).all():
        return
    chosen = (port != 0).reshape(-1)
    if _bits(port.size, int(np.count_nonzero(chosen))) < _FEWEST_BITS:
        return
    if np.count_nonzero(right != port) < _FEWEST_OTHER:
        return
    looked = 0
    for other in evidence.recorded:
        parts = list(_axes(other.shape, port.shape))
        if parts and looked < _MOST_TENSORS:
            looked += 1
            yield from _of(other, parts, chosen, evidence)


def _bits(size: int, chosen: int) -> float:
    """How much it says that just these places are chosen."""
    ways = math.lgamma(size + 1) - math.lgamma(chosen + 1) - math.lgamma(size - chosen + 1)
    return ways / math.log(2)


def _axes(shape: tuple[int, ...], wanted: tuple[int, ...]) -> Iterator[int | None]:
    """An axis without which a tensor has as many places in the same order; None where it has them itself."""
    long = [size for size in wanted if size > 1]
    if [size for size in shape if size > 1] == long:
        yield None
    for axis, size in enumerate(shape):
        if 1 < size <= _MOST_PLACES and [n for a, n in enumerate(shape) if a != axis and n > 1] == long:
            yield axis


def _of(
    other: ReferenceTensor, axes: list[int | None], chosen: Array, evidence: DifferingLayer
) -> Iterator[Trial]:
    tensor = other.read()
    if tensor.dtype.kind != "f":
        return
    for axis in axes:
        for which, values, thresholds in _decided_by(tensor, axis):
            for threshold in thresholds:
                if np.array_equal(values.reshape(-1) > threshold, chosen):
                    words = f"where {which}the reference's {other.name} is above {threshold:g}"
                    own = "which the reference decides otherwise (as by the largest, argmax)"
                    yield Trial(f"decided by a threshold: {words}, {own}", predicted=evidence.port)


def _decided_by(tensor: Array, axis: int | None) -> Iterator[tuple[str, Array, tuple[float, ...]]]:
    """A tensor itself; or along an axis each place of it, then its share by a softmax."""
    if axis is None:
        yield "", tensor, _THRESHOLDS
        yield "the sigmoid of ", _share(tensor, None), _OF_SHARES
        return
    shares = _share(tensor, axis)
    for place in range(tensor.shape[axis]):
        yield f"number {place} along axis {axis} of ", tensor.take(place, axis), _THRESHOLDS
    for place in range(tensor.shape[axis]):
        which = f"number {place} of a softmax over axis {axis} of "
        yield which, shares.take(place, axis), _OF_SHARES


def _share(tensor: Array, axis: int | None) -> Array:
    wide = tensor.astype(np.float64)
    if axis is None:
        return np.asarray(1 / (1 + np.exp(-np.clip(wide, -60, 60))))
    raised = np.exp(wide - wide.max(axis, keepdims=True))
    return np.asarray(raised / raised.sum(axis, keepdims=True))
