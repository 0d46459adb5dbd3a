"""Hypotheses: a map is pooled, resized or padded where the reference takes it as it is, or by another rule.

Along the axes in which the sizes differ, every family of rules that makes the port's sizes is tried: windows
that are averaged or of which the largest counts, interpolations, and borders that repeat what is inside.
Where no size differs, windows that move by one are tried on the right tensor. Plain slices, zeros around and
repeats are for `harness.diagnose.places`. One piece of the tensor is computed first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, Trial
from harness.diagnose.functions import given_to_the_maker
from harness.diagnose.rules_along import Along, blurs, borders, interpolations, windows

_LARGEST, _MOST_OTHERS, _LEAST = 1 << 21, 12, 3
_LARGEST_MATRIX = 1 << 18
_MOST_AXES = 5
_STRAY = 4.0
_RESAMPLERS = ("interpolate", "upsample", "pool", "pad", "resize")


class _Source(NamedTuple):
    """A tensor that may be resampled, and the axes along which it would be."""

    name: str
    tensor: Array
    axes: tuple[int, ...]


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """Of the right tensor, of what is given, and of others that were recorded.

    What a resizing or pooling is given is left to that itself, told other arguments.
    """
    for source in _sources(evidence) if _is_map(evidence) else ():
        yield from _of(evidence, source)


def of_the_given(evidence: DifferingLayer) -> Iterator[Trial]:
    """Of what a resizing or pooling is given, where that itself does not make it."""
    if _is_made_by_a_resampler(evidence) and _is_map(evidence):
        for name, tensor in given_to_the_maker(evidence).items():
            if axes := _axes(tensor.shape, evidence.port.shape):
                yield from _of(evidence, _Source(name, tensor, axes))


def _is_map(evidence: DifferingLayer) -> bool:
    port = evidence.port
    is_map = 2 < port.ndim <= _MOST_AXES and port.dtype.kind == "f" and 0 < port.size <= _LARGEST
    return is_map and evidence.carries(2) and bool(np.isfinite(port).all())


def _sources(evidence: DifferingLayer) -> Iterator[_Source]:
    right, shape = evidence.reference, evidence.port.shape
    same = tuple(range(2, right.ndim)) if right.shape == shape else ()
    if axes := same or _axes(right.shape, shape):
        yield _Source("the reference's output", right, axes)
    given = {} if _is_made_by_a_resampler(evidence) else given_to_the_maker(evidence)
    for name, tensor in given.items():
        if axes := _axes(tensor.shape, shape):
            yield _Source(name, tensor, axes)
    looked = 0
    for other in evidence.recorded:
        if evidence.is_late():
            return
        name, axes = f"the reference's {other.name}", _axes(other.shape, shape)
        if evidence.is_late():
            return
        if axes and looked < _MOST_OTHERS and name not in given and np.prod(other.shape) <= _LARGEST:
            looked += 1
            yield _Source(name, other.read(), axes)


def _is_made_by_a_resampler(evidence: DifferingLayer) -> bool:
    name = evidence.producer.name if evidence.producer is not None else ""
    return any(kind in name.rpartition("/")[2].lower() for kind in _RESAMPLERS)


def _axes(shape: Sequence[int], wanted: Sequence[int]) -> tuple[int, ...]:
    """The axes in which the sizes differ, if neither the batch does nor channels and places both do."""
    if len(shape) != len(wanted) or shape[0] != wanted[0]:
        return ()
    axes = tuple(axis for axis, size in enumerate(shape) if size != wanted[axis])
    if 1 in axes and len(axes) > 1 and len(shape) > 3:
        return ()  # another layer made it
    return axes if min((shape[axis] for axis in axes), default=0) >= _LEAST else ()


def _of(evidence: DifferingLayer, source: _Source) -> Iterator[Trial]:
    port, axes = evidence.port, source.axes
    if source.tensor.dtype.kind != "f" or not np.isfinite(source.tensor).all():
        return
    piece, its = (_piece(tensor, port, axes) for tensor in (source.tensor, port))
    if min(piece.shape) < _LEAST or not (np.ptp(piece) > 0 and np.ptp(its) > 0):
        return
    if any(size * its.shape[axis] > _LARGEST_MATRIX for axis, size in enumerate(piece.shape)):
        return
    allowed = min(1.0, _STRAY * float(np.sqrt(its.size / port.size))) * evidence.floor
    wanted = tuple(port.shape[axis] for axis in axes)
    for rule in _rules(source, wanted):
        if evidence.is_late():
            return
        found = _along(rule, piece.astype(np.float64), range(piece.ndim), wanted)
        if found is not None and float(np.linalg.norm(found - its)) <= allowed:
            whole = _along(rule, source.tensor.astype(np.float64), axes, wanted)
            assert whole is not None  # the piece was made
            yield Trial(f"{source.name}, {rule.words}", predicted=whole.astype(port.dtype))


def _rules(source: _Source, wanted: tuple[int, ...]) -> Iterator[Along]:
    sizes = tuple(source.tensor.shape[axis] for axis in source.axes)
    yield from windows(sizes, wanted)
    if sizes == wanted or any(size > its for size, its in zip(sizes, wanted, strict=True)):
        yield from blurs(sizes, wanted)
    if sizes != wanted:
        yield from interpolations(sizes, wanted)
        yield from borders(sizes, wanted)


def _piece(tensor: Array, port: Array, axes: Sequence[int]) -> Array:
    """What one place of the other axes holds: the place at which the port's tensor spreads most."""
    spread = np.std(port, tuple(axes), dtype=np.float64)
    place = iter(np.unravel_index(int(np.argmax(spread)), spread.shape))
    index = tuple(slice(None) if axis in axes else int(next(place)) for axis in range(tensor.ndim))
    return np.asarray(tensor[index])


def _along(rule: Along, tensor: Array, axes: Sequence[int], wanted: Sequence[int]) -> Array | None:
    """The tensor with the rule applied along each axis; None where it makes no such size of one."""
    for axis, size in zip(axes, wanted, strict=True):
        made = rule.of(np.moveaxis(tensor, axis, -1), size)
        if made is None:
            return None
        tensor = np.moveaxis(made, -1, axis)
    return tensor
