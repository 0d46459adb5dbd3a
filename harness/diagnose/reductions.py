"""Hypotheses: a reduction of any recorded tensor over some axes, in the place of one or several steps.

A smooth maximum, a mean of squares or a part of it is one reduction in the port. What the port reduces may be
the right tensor itself, and it may repeat the result along the axes again. One element of it is computed
first, so that tensors that have nothing to do with it cost nothing.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from itertools import combinations

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, ReferenceTensor, Trial
from harness.diagnose.functions import REDUCTIONS, Reduction, counted
from harness.forms import axes_text

_LARGEST = 1 << 21
_MOST_AXES, _MOST_TENSORS = 5, 64
_STRAY = 16.0
_RIGHT = "output"  # what trials call the right tensor


def _smooth_largest(x: Array, **how: int | tuple[int, ...]) -> Array:
    top = float(x.max(initial=-np.inf))
    return np.asarray(top + np.log(np.sum(np.exp(x - top), **how)))  # type: ignore[call-overload]


_ALL: dict[str, Reduction] = {
    **REDUCTIONS,
    "the logarithm of the sum of exponentials (logsumexp)": _smooth_largest,
}


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """Reductions of the right tensor, of those recorded last before this one, and of the others."""
    port = evidence.port
    if port.dtype.kind != "f" or not port.size or not np.isfinite(port).all():
        return
    yield from _of_all(evidence)
    axes = _repeated_along(evidence.reference, port)
    if axes:
        narrow = tuple(slice(0, 1) if axis in axes else slice(None) for axis in range(port.ndim))
        once = np.ascontiguousarray(port[narrow])
        floor = evidence.floor * math.sqrt(once.size / port.size)
        for trial in _of_all(dataclasses.replace(evidence, port=once, floor=floor)):
            assert trial.predicted is not None
            words = f"{trial.words}, repeated along {axes_text(axes)}"
            yield Trial(words, predicted=np.broadcast_to(trial.predicted, port.shape))


def _repeated_along(right: Array, port: Array) -> list[int]:
    """The axes along which the port's tensor is the same, and the right one is not."""
    if right.shape != port.shape:
        return []
    return [
        axis
        for axis, size in enumerate(port.shape)
        if size > 1 and _is_same_along(axis, port) and not _is_same_along(axis, right)
    ]


def _is_same_along(axis: int, tensor: Array) -> bool:
    return np.array_equal(tensor, np.broadcast_to(tensor.take([0], axis), tensor.shape))


def _of_all(evidence: DifferingLayer) -> Iterator[Trial]:
    if not evidence.carries(0):
        return
    right = evidence.reference
    looked = 0
    for other in (ReferenceTensor(_RIGHT, right.shape, lambda: right), *evidence.recorded):
        if looked == _MOST_TENSORS or evidence.is_late():
            return
        axes = list(_axes(other.shape, evidence.port)) if _is_larger(other, evidence.port.size) else []
        if axes:
            looked += 1
            yield from _of(evidence, other, axes)


def _is_larger(other: ReferenceTensor, size: int) -> bool:
    its = math.prod(other.shape)
    return size < its <= _LARGEST and len(other.shape) <= _MOST_AXES


def _axes(shape: tuple[int, ...], port: Array) -> Iterator[tuple[int, ...]]:
    """Axes without which a tensor has the port's sizes in their order."""
    wanted = [size for size in port.shape if size > 1]
    long = [axis for axis, size in enumerate(shape) if size > 1]
    for count in range(1, len(long) + 1):
        for axes in combinations(long, count):
            if [shape[axis] for axis in long if axis not in axes] == wanted:
                yield axes


def _of(evidence: DifferingLayer, other: ReferenceTensor, all_axes: list[tuple[int, ...]]) -> Iterator[Trial]:
    tensor = other.read()
    if tensor.dtype.kind != "f" or not np.isfinite(tensor).all():
        return
    port = evidence.port
    first = float(port.reshape(-1)[0])
    allowed = min(evidence.floor, _STRAY * evidence.floor / math.sqrt(port.size))
    with np.errstate(all="ignore"):
        for axes in all_axes:
            begin = tuple(slice(None) if axis in axes else 0 for axis in range(tensor.ndim))
            few = tensor[begin].astype(np.float64).reshape(-1)
            for words, reduction in _ALL.items():
                if abs(float(reduction(few, axis=0)) - first) <= allowed:
                    found = reduction(tensor.astype(np.float64), axis=axes).reshape(port.shape)
                    count = math.prod(tensor.shape[axis] for axis in axes)
                    name = f"the reference's {other.name}{counted(words, count)}"
                    said = f"{words} over {axes_text(axes)} of {name}"
                    yield Trial(said, predicted=np.asarray(found).astype(port.dtype))
