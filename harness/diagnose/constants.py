"""Hypotheses: a constant that the code makes has its entries in another order, or another number in it.

Nothing recorded makes such a tensor, and it holds plain numbers. So few elements are exact evidence.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, ReferenceTensor, Trial

_LARGEST, _LONGEST = 4096, 64
_FEWEST = 4  # different entries: fewer agree with much by chance
_EXACT = 1e-6
_SHOWN = 8
_RIGHT = "the reference's output"


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """Two entries exchanged, places along an axis in another order, steps from one, one other number."""
    right, port = evidence.reference, evidence.port
    if right.shape != port.shape or not _FEWEST <= right.size <= _LARGEST or right.dtype.kind == "b":
        return
    if evidence.producer is not None or not (_is_plain(right) and np.isfinite(port).all()):
        return
    if np.isin(right, (0, 1)).all() or any(_holds(other, right) for other in evidence.recorded):
        return  # a mask, or what is given
    for words, predicted in (*_exchanged(right, port), *_in_order(right, port), *_moved(right, port)):
        yield Trial(words, predicted=predicted.astype(port.dtype), says_itself=True)


def _is_plain(tensor: Array) -> bool:
    """Whether a person would write these numbers: of few digits, and enough different ones."""
    values = np.unique(tensor.astype(np.float64))
    if not np.isfinite(values).all() or len(values) < _FEWEST:
        return False
    return all(abs(float(f"{value:.3g}") - value) <= _EXACT * abs(value) for value in values)


def _holds(other: ReferenceTensor, right: Array) -> bool:
    return other.name.startswith("input:") and bool(np.isin(right, other.read()).all())


def _wrong(ours: Array, its: Array) -> Array:
    gap = np.abs(its.astype(np.float64) - ours)
    return np.asarray(gap > _EXACT * np.maximum(np.abs(ours), np.abs(its)))


def _exchanged(right: Array, port: Array) -> Iterator[tuple[str, Array]]:
    """Two entries in each other's place; one entry that is another number."""
    places = np.argwhere(_wrong(right, port))
    if len(places) == 2:
        one, other = (tuple(place) for place in places.tolist())
        found = right.copy()
        found[one], found[other] = right[other], right[one]
        words = (
            f"with the entries at {list(one)} and {list(other)} exchanged ({right[one]:g}, {right[other]:g})"
        )
        yield f"{_RIGHT} {words}: a constant in the code", found
    if len(places) == 1:
        at = tuple(places[0].tolist())
        found = right.copy()
        found[at] = port[at]
        words = f"with {port[at]:g} at {list(at)}, where the reference has {right[at]:g}"
        yield f"{_RIGHT} {words}: one number of a constant in the code", found


def _in_order(right: Array, port: Array) -> Iterator[tuple[str, Array]]:
    """What lies along an axis in another order."""
    for axis, size in enumerate(right.shape):
        if not 2 <= size <= _LONGEST:
            continue
        order = _order(np.moveaxis(right, axis, 0), np.moveaxis(port, axis, 0))
        if order is not None and order != list(range(size)):
            words = f"{_RIGHT} with axis {axis} in {_said(order)}: a constant in the code"
            yield words, right.take(order, axis)
        ends = np.sort(right, axis)
        for words, found in (("ascending", ends), ("descending", np.flip(ends, axis))):
            yield f"{_RIGHT} sorted along axis {axis} ({words}): a constant in the code", found
    if right.ndim >= 2 and right.shape[-1] == right.shape[-2]:
        yield f"{_RIGHT} transposed: a constant in the code", right.swapaxes(-1, -2)


def _order(ours: Array, its: Array) -> list[int] | None:
    """Which place of the right tensor each place of the port's is, each of them once."""
    order = list[int]()
    for one in its:
        fits = [place for place, own in enumerate(ours) if place not in order and not _wrong(own, one).any()]
        if not fits:
            return None
        order.append(fits[0])
    return order


def _said(order: list[int]) -> str:
    moved = [place for place, one in enumerate(order) if one != place]
    if order == list(range(len(order)))[::-1] and len(order) > 2:
        return "the opposite order (reversed)"
    if len(moved) == 2:
        return f"which numbers {moved[0]} and {moved[1]} are exchanged"
    more = ", ..." if len(order) > _SHOWN else ""
    return f"the order {', '.join(map(str, order[:_SHOWN]))}{more}"


def _moved(right: Array, port: Array) -> Iterator[tuple[str, Array]]:
    """Counted from another number, or in steps that leave the end out, or do not."""
    ours = right.astype(np.float64)
    for step in (1.0, -1.0, 0.5, -0.5):
        said = "plus" if step > 0 else "minus"
        yield f"{_RIGHT} {said} {abs(step):g}: it is counted from another number", ours + step
    for size in dict.fromkeys(size for size in right.shape if size >= _FEWEST):
        yield f"{_RIGHT} times {size - 1}/{size}: its steps leave the end out", ours * ((size - 1) / size)
        yield f"{_RIGHT} times {size}/{size - 1}: its steps reach the end", ours * (size / (size - 1))
