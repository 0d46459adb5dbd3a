"""Hypotheses: where the reference fills places of a tensor with one value, the port fills others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, Trial

_LEAST_SHARE = 0.02
_MOST_LOOKED_AT = 64


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """The same with the mask inverted, left out, turned or moved by one, or with another value in it."""
    right, port = evidence.reference, evidence.port
    if right.shape != port.shape or right.dtype.kind != "f" or right.ndim < 1 or right.size < _MOST_LOOKED_AT:
        return
    fill = _most_frequent(right)
    if fill is None:
        return
    filled = right == fill
    for name, under in _under(evidence, filled):
        given = under.astype(right.dtype)
        for words, mask in _masks(filled):
            said = f"the reference's {name}, filled with {fill:g} where {words}"
            yield Trial(said, predicted=np.where(mask, right.dtype.type(fill), given))
    other = _most_frequent(port)
    if other is not None and other != fill:
        words = f"the reference's with {other:g} in the place of {fill:g}, which a mask fills in"
        yield Trial(words, predicted=np.where(filled, right.dtype.type(other), right), fitted=1)


def _masks(filled: Array) -> Iterator[tuple[str, Array]]:
    yield "the mask is not set: it is inverted", ~filled
    yield "nothing is: the mask is missing", np.zeros_like(filled)
    if filled.ndim >= 2 and filled.shape[-1] == filled.shape[-2]:
        yield "the mask is transposed", filled.swapaxes(-1, -2)
        for step, words in ((1, "later"), (-1, "earlier")):
            yield f"the mask begins one place {words}", np.roll(filled, step, -1)


def _most_frequent(tensor: Array) -> float | None:
    """The value that many elements have."""
    values, counts = np.unique(tensor, return_counts=True)
    most = int(np.argmax(counts))
    return float(values[most]) if counts[most] >= max(2, _LEAST_SHARE * tensor.size) else None


def _under(evidence: DifferingLayer, filled: Array) -> Iterator[tuple[str, Array]]:
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
