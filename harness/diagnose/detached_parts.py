"""Hypothesis: one stretch of a tensor, as a half of its channels, gives no gradient back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.diagnose._evidence import DifferingLayer, Trial

_FEWEST = 8


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """The right gradient, with zeros along a stretch of one axis where the port alone has zeros."""
    right, port = evidence.reference, evidence.port
    if right.shape != port.shape or not port.any():
        return
    for axis, size in enumerate(port.shape):
        others = tuple(other for other in range(port.ndim) if other != axis)
        lost = np.flatnonzero(right.any(others) & ~port.any(others))
        stretch = slice(int(lost[0]), int(lost[-1]) + 1) if len(lost) else slice(0)
        if not len(lost) or len(lost) < stretch.stop - stretch.start or len(lost) == size:
            continue
        predicted = right.astype(port.dtype)
        part = np.moveaxis(predicted, axis, 0)[stretch]
        if part.size >= _FEWEST:
            part[...] = 0
            words = f"zero {_where(stretch, axis, size)}: what is made of that part is detached"
            yield Trial(f"the reference's gradient, {words}", predicted=predicted, says_itself=True)


def _where(stretch: slice, axis: int, size: int) -> str:
    half = {(0, size // 2): "the first half", (size - size // 2, size): "the second half"}
    name = half.get((stretch.start, stretch.stop)) if size % 2 == 0 else None
    told = f" ({name})" if name else ""
    one = stretch.stop - stretch.start == 1
    places = f"index {stretch.start}" if one else f"indices {stretch.start} to {stretch.stop - 1}"
    return f"at {places} of {size} along axis {axis}{told}"
