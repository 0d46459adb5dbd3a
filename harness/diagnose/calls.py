"""Hypotheses: results of several calls of one layer are taken together, where the reference takes one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, count

import numpy as np

from harness import address as addresses
from harness.diagnose._evidence import Array, DifferingLayer, ReferenceTensor, Trial

_MOST_CALLS = 12
_EXACT = 2e-6


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """The sum and the mean of calls that follow each other, of the layer whose result the right tensor is."""
    if evidence.port.dtype.kind != "f" or evidence.producer is None or "/" in evidence.producer.name:
        return
    name = evidence.producer.name
    arrays = {call: one.read().astype(np.float64) for call, one in _results_of(evidence, name).items()}
    if 0 < len(arrays) < _MOST_CALLS and evidence.reference.shape == evidence.port.shape:
        own = next(call for call in count() if call not in arrays)
        yield from _together(name, {**arrays, own: evidence.reference.astype(np.float64)}, evidence)


def _results_of(evidence: DifferingLayer, name: str) -> dict[int, ReferenceTensor]:
    """What other calls of a layer return, by call."""
    found = {}
    for one in evidence.recorded:
        if one.shape == evidence.port.shape and addresses.is_result(one.name):
            layer = addresses.parse_layer(one.name)
            if layer.path == name and not layer.key:
                found[layer.call] = one
    return found


def _together(name: str, arrays: dict[int, Array], evidence: DifferingLayer) -> Iterator[Trial]:
    calls = sorted(arrays)
    for begin, end in combinations(range(len(calls) + 1), 2):
        some = calls[begin:end]
        if len(some) > 1:
            total = sum((arrays[call] for call in some), np.zeros(()))
            for words, found in (("sum", total), ("mean", total / len(some))):
                if not np.allclose(found, evidence.port, _EXACT, _EXACT * float(np.abs(found).max())):
                    continue  # few elements prove it, so they prove it by all their digits
                said = f"the {words} of what calls {some[0]} to {some[-1]} of {name} return, not one of them"
                yield Trial(said, predicted=np.asarray(found).astype(evidence.port.dtype))
