"""Hypotheses: a tensor is rounded to a format of fewer digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, Trial

_STRAY = 8.0  # by how much one element may stray more than the mean one


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """The reference's tensor in float16 and in bfloat16."""
    if evidence.reference.dtype != np.float32 or not evidence.reference.ndim:
        return
    for words, round_to in (("float16", _float16), ("bfloat16", _bfloat16)):
        with np.errstate(all="ignore"):
            predicted = _at_borders(round_to, evidence)
        yield Trial(f"the reference's output rounded to {words}", predicted=predicted)


def _at_borders(round_to: Callable[[Array], Array], evidence: DifferingLayer) -> Array:
    """The reference's tensor rounded; where noise may have crossed a border, to the side of the port's."""
    reference, port = evidence.reference, evidence.port
    predicted = round_to(reference)
    if port.shape != reference.shape or port.dtype != reference.dtype:
        return predicted
    noise = np.float32(_STRAY * evidence.floor / np.sqrt(max(1, reference.size)))
    lowest, highest = round_to(reference - noise), round_to(reference + noise)
    is_rounded = (port == lowest) | (port == highest)
    return np.where(is_rounded, port, predicted)


def _float16(tensor: Array) -> Array:
    return tensor.astype(np.float16).astype(np.float32)


def _bfloat16(tensor: Array) -> Array:
    bits = (np.ascontiguousarray(tensor).view(np.uint32) + 0x8000) & 0xFFFF0000
    return bits.view(np.float32)
