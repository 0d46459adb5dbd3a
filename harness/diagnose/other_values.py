"""Hypotheses: a tensor of few values, as labels are, has another one wherever one of them should be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, Trial

_MOST_VALUES, _MOST_OTHERS, _FEWEST_PLACES = 64, 3, 4
_LARGEST, _LOOKED_AT = 1 << 24, 4096


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """The reference's tensor with up to three of its values replaced, each wherever it stands."""
    right, port = evidence.reference, evidence.port
    if right.shape != port.shape or not 0 < right.size <= _LARGEST or not _are_few(right):
        return
    others = _others(right, port)
    if not others or len(np.unique(port)) < 2:
        return
    predicted = right.astype(port.dtype)
    for now, its in others.items():
        predicted[right == now] = its
    said = " and ".join(f"{its:g} wherever the reference has {now:g}" for now, its in others.items())
    yield Trial(f"the reference's output with {said}", predicted=predicted, says_itself=True)


def _are_few(tensor: Array) -> bool:
    """Whether it has few values, all of them plain numbers; a part of it tells at first."""
    if tensor.dtype.kind not in "iuf":
        return False
    return all(
        len(values) <= _MOST_VALUES and bool(np.isfinite(values).all()) and bool((values % 1 == 0).all())
        for values in map(np.unique, (tensor.reshape(-1)[:_LOOKED_AT], tensor))
    )


def _others(right: Array, port: Array) -> dict[float, float]:
    """By value of the reference that never stands in the port's place, the one value that does.

    None where more values differ, or one has no single other, or where nothing stays as it is.
    """
    found: dict[float, float] = {}
    values = np.unique(right)
    for value in values.tolist():
        there = port[right == value]
        if not np.array_equal(there, np.full_like(there, value)):
            if (there != there[0]).any() or len(there) < _FEWEST_PLACES or len(found) == _MOST_OTHERS:
                return {}
            found[value] = there.tolist()[0]
    return found if len(found) < len(values) else {}
