"""Hypotheses: a dropout acts where the reference has none, or drops other pieces than single elements."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, Trial
from harness.forms import axes_text

_FEWEST = 24  # elements that are kept, or pieces that are kept or dropped, below which a share says nothing
_ALIKE = 1e-4
_SPREAD = 5.0


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """What is not dropped yet, with pieces of it zero and the others divided by the share that is kept."""
    port = evidence.port
    if port.dtype.kind != "f" or not port.ndim or port.size < _FEWEST or not (port == 0).any():
        return
    for name, whole in _whole(evidence):
        found = _dropped(whole, port)
        if found is not None:
            rate, axes = found
            what = f"whole pieces of it over {axes_text(axes)}" if axes else "single elements"
            words = f"{name} with {what} dropped at random at a rate of {rate:g}{_not(evidence, name, axes)}"
            scaled = whole.astype(np.float64) / (1 - rate)
            yield Trial(words, predicted=np.where(port == 0, 0.0, scaled).astype(port.dtype))


def _whole(evidence: DifferingLayer) -> Iterator[tuple[str, Array]]:
    """What the dropout may have been given: the right tensor, or what that is made of."""
    producer = evidence.producer
    given = {} if producer is None else producer.given
    found = {"the reference's output": evidence.reference}
    found |= {f"its input number {place}": tensor for place, tensor in enumerate(evidence.inputs)}
    found |= {f"the reference's {name}": tensor for name, tensor in given.items()}
    for name, tensor in found.items():
        if tensor.shape == evidence.port.shape and tensor.dtype.kind == "f":
            yield name, tensor


def _dropped(whole: Array, port: Array) -> tuple[float, tuple[int, ...]] | None:
    """The rate and the axes over which all is kept or dropped together, if the port's is that."""
    told = whole != 0
    kept = told & (port != 0)
    if kept.sum() < _FEWEST or kept.sum() == told.sum() or (port[~told] != 0).any():
        return None
    with np.errstate(all="ignore"):
        factors = port[kept].astype(np.float64) / whole[kept]
    factor = float(np.median(factors))
    if not factor > 1 + 10 * _ALIKE or np.abs(factors / factor - 1).max() > _ALIKE:
        return None
    rate = float(f"{1 - 1 / factor:.3g}")
    axes = _together(told, kept)
    pieces = port.size // math.prod(port.shape[axis] for axis in axes)
    share = 1 - float(kept.sum()) / float(told.sum())
    likely = _SPREAD * math.sqrt(rate * (1 - rate) / pieces)
    return (rate, axes) if pieces > 1 and abs(share - rate) <= likely else None


def _together(told: Array, kept: Array) -> tuple[int, ...]:
    """The axes along which nothing is kept beside what is dropped."""
    found = []
    for axis in range(told.ndim):
        if told.shape[axis] > 1:
            some = kept.any(axis) & (told & ~kept).any(axis)
            if not some.any():
                found.append(axis)
    return tuple(found)


def _not(evidence: DifferingLayer, name: str, axes: tuple[int, ...]) -> str:
    """What the reference does instead."""
    right = dict(_whole(evidence)).get(name)
    if right is evidence.reference:
        return ", where the reference drops nothing" + ("" if evidence.training else " in evaluation")
    if axes and right is not None and _dropped(right, evidence.reference) == (_rate(right, evidence), ()):
        return ", where the reference drops single elements"
    return ""


def _rate(right: Array, evidence: DifferingLayer) -> float:
    found = _dropped(right, evidence.reference)
    return found[0] if found is not None else 0.0
