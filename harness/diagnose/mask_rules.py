"""Hypotheses: a mask follows another rule: of a triangle, of labels, of lengths, or of two of these.

Both sides' masks must follow rules of one list. Padding is not masked, or along queries in place of keys;
words are counted one too far; one of two masks is left out. A tensor of two values is a mask, and so is the
place of the value that fills many elements.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations, permutations
from typing import NamedTuple

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, ReferenceTensor, Trial
from harness.diagnose.masks import most_frequent, under
from harness.forms import axes_text

_LEAST, _LARGEST = 16, 1 << 16
_FEWEST_BITS, _FEWEST_BITS_OF_TWO = 10, 24
_MOST_LABELS, _MOST_INPUTS, _MOST_FITTING = 8, 16, 24
_MOST_AXES_OF_LABELS = 2


class _Rule(NamedTuple):
    """Where something is so, in words, and as a mask of the wanted shape."""

    words: str
    places: Array


class _Both(NamedTuple):
    """Where each side's mask is set."""

    ours: Array
    its: Array


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """The rules that the port's mask follows, where the reference's follows one as well."""
    right, port = evidence.reference, evidence.port
    if right.shape != port.shape or not right.ndim or port.size < _LEAST:
        return
    values = np.unique(right) if port.size <= _LARGEST else np.empty(0)
    if len(values) == 2 and np.isin(port, values).all():
        for words, places in _told(evidence, _Both(right == values[1], port == values[1]), "set"):
            made = np.where(places, values[1], values[0]).astype(port.dtype)
            yield Trial(f"a mask {words}", predicted=made, says_itself=True)
    elif right.dtype.kind == "f" and (fill := most_frequent(right)) is not None:
        yield from _filled(evidence, fill)


def _filled(evidence: DifferingLayer, fill: float) -> Iterator[Trial]:
    """A tensor that is filled with a value where a mask is set."""
    right, port = evidence.reference, evidence.port
    both = _Both(right == fill, port == fill)
    found = [] if np.array_equal(*both) else list(_told(evidence, both, f"filled with {fill:g}"))
    if not found:
        return
    if (both.its | ~both.ours).all():  # more of it is filled: what is not is the right one
        below: Iterator[tuple[str, Array]] = iter([("output", right)])
    else:
        below = under(evidence, both.ours)
    for name, tensor in below:
        for words, places in found:
            made = np.where(places, right.dtype.type(fill), tensor.astype(port.dtype))
            yield Trial(f"the reference's {name}, {words}", predicted=made)


def _told(evidence: DifferingLayer, both: _Both, said: str) -> Iterator[tuple[str, Array]]:
    """Rules of the port's mask, with one that the reference's follows."""
    repeated = [
        axis
        for axis, size in enumerate(both.its.shape)
        if size > 1 and all(_is_same_along(axis, mask) for mask in both)
    ]
    narrow = tuple(slice(0, 1) if axis in repeated else slice(None) for axis in range(both.its.ndim))
    once = _Both(*(mask[narrow] for mask in both))
    bits = min(map(_bits, once))
    if once.its.size > _LARGEST or bits < _FEWEST_BITS:
        return
    rules = list(_rules(evidence, once.its.shape))
    ours = next(_following(once.ours, rules, bits), None)
    if ours is None:
        return
    for found in _following(once.its, rules, bits):
        words = f"{said} where {found.words}, where the reference's is where {ours.words}"
        yield words, np.broadcast_to(found.places, both.its.shape)


def _is_same_along(axis: int, mask: Array) -> bool:
    return bool(np.array_equal(mask, np.broadcast_to(mask.take([0], axis), mask.shape)))


def _bits(mask: Array) -> float:
    """How much it says that just these places are set."""
    size, count = mask.size, int(np.count_nonzero(mask))
    ways = math.lgamma(size + 1) - math.lgamma(count + 1) - math.lgamma(size - count + 1)
    return ways / math.log(2)


def _following(mask: Array, rules: Sequence[_Rule], bits: float) -> Iterator[_Rule]:
    """One rule, else two that hold at once, or of which one holds, that set just these places."""
    single = [rule for rule in rules if np.array_equal(rule.places, mask)]
    yield from single
    if single or bits < _FEWEST_BITS_OF_TWO:
        return
    wider = [rule for rule in rules if rule.places[mask].all()][:_MOST_FITTING]
    for one, other in combinations(wider, 2):
        if np.array_equal(one.places & other.places, mask):
            yield _Rule(f"{one.words} and {other.words}", mask)
    inside = [rule for rule in rules if rule.places.any() and mask[rule.places].all()][:_MOST_FITTING]
    for one, other in combinations(inside, 2):
        if np.array_equal(one.places | other.places, mask):
            yield _Rule(f"{one.words} or {other.words}", mask)


def _rules(evidence: DifferingLayer, shape: tuple[int, ...]) -> Iterator[_Rule]:
    yield from _triangles(shape)
    inputs = [one for one in evidence.recorded if one.name.startswith("input:")]
    for other in inputs[:_MOST_INPUTS]:
        tensor = other.read() if len(other.shape) <= _MOST_AXES_OF_LABELS and other.shape else None
        if tensor is not None and tensor.dtype.kind in "iub":
            yield from _of_labels(other, tensor, shape)
            yield from _of_lengths(other, tensor, shape)


def _triangles(shape: tuple[int, ...]) -> Iterator[_Rule]:
    if len(shape) < 2 or shape[-1] != shape[-2] or shape[-1] < 2:
        return
    rows = np.arange(shape[-1])
    beyond = np.broadcast_to(rows[None, :] - rows[:, None], shape)
    for words, places in (
        ("the column is not after the row (a lower triangle)", beyond <= 0),
        ("the column is before the row (a lower triangle without its diagonal)", beyond < 0),
        ("the column is at most one after the row (a lower triangle, one more)", beyond <= 1),
        ("row and column are the same (the diagonal)", beyond == 0),
    ):
        yield _Rule(words, places)
        yield _Rule(f"it is not so that {words}", ~places)


def _of_labels(other: ReferenceTensor, tensor: Array, shape: tuple[int, ...]) -> Iterator[_Rule]:
    """Where a label is one of the commonest, or is not, laid along axes of its sizes."""
    labels, counts = np.unique(tensor, return_counts=True)
    common = np.sort(labels[np.argsort(-counts, kind="stable")[:_MOST_LABELS]])
    for axes in permutations(range(len(shape)), tensor.ndim):
        if tuple(shape[axis] for axis in axes) != tensor.shape:
            continue
        wide = np.broadcast_to(laid(tensor, axes, len(shape)), shape)
        for label in dict.fromkeys([0, *common.tolist()]):
            name = f"{other.name} (along {axes_text(axes)})"
            yield _Rule(f"{name} is {label:g}", wide == label)
            yield _Rule(f"{name} is not {label:g}", wide != label)


def _of_lengths(other: ReferenceTensor, tensor: Array, shape: tuple[int, ...]) -> Iterator[_Rule]:
    """Where an index is below a number that each sample has, or below one more or less."""
    if tensor.ndim != 1:
        return
    for axis, along in permutations(range(len(shape)), 2):
        if shape[axis] != tensor.size or not 0 <= tensor.min() <= tensor.max() <= shape[along] + 1:
            continue
        index = laid(np.arange(shape[along]), (along,), len(shape))
        for step in (0, 1, -1):
            limit = laid(tensor.astype(np.int64) + step, (axis,), len(shape))
            more = {0: "", 1: " plus 1", -1: " less 1"}[step]
            words = f"the index along axis {along} is below {other.name}{more}"
            yield _Rule(words, np.broadcast_to(index < limit, shape))
            yield _Rule(f"it is not so that {words}", np.broadcast_to(index >= limit, shape))


def laid(tensor: Array, axes: Sequence[int], rank: int) -> Array:
    """The tensor with its axes at these places among axes of one element."""
    turned = tensor.transpose(np.argsort(axes))
    sizes = iter(turned.shape)
    return turned.reshape([next(sizes) if axis in axes else 1 for axis in range(rank)])
