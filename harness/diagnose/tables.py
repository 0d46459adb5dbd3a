"""Hypotheses: a mask of a label map is set at other labels: greater than 0 for equal to 1."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, ReferenceTensor, Trial

_MOST_LABELS = 32
_FEWEST_OF_A_LABEL = 4
_FEWEST = 32
_MOST_SHOWN = 4


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """For a mask, the labels at which it is set in each side, where both follow one map that is given."""
    right, port = evidence.reference, evidence.port
    if right.shape != port.shape or port.size < _FEWEST or not (_is_mask(right) and _is_mask(port)):
        return
    for other in evidence.recorded:
        if other.name.startswith("input:"):
            for words, labels in _maps(other, port):
                yield from _set_elsewhere(evidence, words, labels)


def _is_mask(tensor: Array) -> bool:
    return bool(tensor.ndim) and bool(np.isin(tensor, (0, 1)).all())


def _maps(other: ReferenceTensor, port: Array) -> Iterator[tuple[str, Array]]:
    """What is given as a whole, or one place of it along an axis."""
    size = int(np.prod(other.shape, dtype=np.int64))
    if size == port.size:
        yield f"the reference's {other.name}", other.read().reshape(port.shape)
        return
    for axis, length in enumerate(other.shape):
        if length * port.size == size and length > 1:
            whole = other.read()
            for place in range(length):
                name = f"number {place} along axis {axis} of the reference's {other.name}"
                yield name, whole.take(place, axis).reshape(port.shape)


def _set_elsewhere(evidence: DifferingLayer, name: str, labels: Array) -> Iterator[Trial]:
    found = np.unique(labels)
    if (
        not 2 <= len(found) <= _MOST_LABELS
        or min((labels == one).sum() for one in found) < _FEWEST_OF_A_LABEL
    ):
        return
    ours, its = (_labels_set(tensor, labels, found) for tensor in (evidence.reference, evidence.port))
    if ours is not None and its is not None:
        words = f"a mask set where {name} is {_listed(its)}, where the reference's is set at {_listed(ours)}"
        predicted = np.isin(labels, its).astype(evidence.port.dtype)
        yield Trial(words + _compared(ours, its, found), predicted=predicted)


def _labels_set(mask: Array, labels: Array, found: Array) -> list[float] | None:
    """The labels at which a mask is set; None where it does not follow the labels."""
    wanted = [float(one) for one in found if (mask[labels == one] == 1).any()]
    return wanted if np.array_equal(np.isin(labels, wanted), mask == 1) else None


def _compared(ours: list[float], its: list[float], found: Array) -> str:
    """The comparison that sets the port's labels, if it is a plain one."""
    own = f", equal to {ours[0]:g}" if len(ours) == 1 else ""
    if its and its == [float(one) for one in found if one >= its[0]] and len(its) < len(found):
        below = max(float(one) for one in found if one < its[0])
        return f": greater than {below:g}{', not' + own[1:] if own else ''}"
    return ""


def _listed(labels: list[float]) -> str:
    shown = [f"{one:g}" for one in labels[:_MOST_SHOWN]]
    more = f" and {len(labels) - _MOST_SHOWN} more labels" if len(labels) > _MOST_SHOWN else ""
    return (", ".join(shown) + more) or "no label"
