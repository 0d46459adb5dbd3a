"""Hypotheses: each element of the port's tensor is one of a tensor of the reference, at a place by a rule.

No layout is guessed. The values tell where each element comes from, and the rule is read off these places
(see `harness.diagnose._rules`). So any reshape, permutation, slice, repetition, turn or shift is found, also
where zeros are put around it, or where the port's tensor is larger or smaller than its source.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.diagnose import _rules
from harness.diagnose._evidence import Array, DifferingLayer, Trial
from harness.diagnose._padded import said_of_sizes

_MOST_AXES = 5
_MOST_TENSORS = 64
_FEWEST, _LARGE, _LARGEST = 8, 1 << 14, 1 << 20
_SAMPLE = 48
_ROUNDED = 2.0**-22
_ONLY_RESHAPED = " reshaped to "
_NARROWER = 4.0  # times the farthest stray of all
_STRAY = 16.0  # by how much one element may stray more than the mean one


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """The right tensor, what its maker is given, then every other one of the reference."""
    port = evidence.port
    if port.dtype.kind != "f" or not 1 <= port.ndim <= _MOST_AXES or not _FEWEST <= port.size <= _LARGEST:
        return
    looks = 0
    for name, tensor, taken in _sources(evidence):
        if looks == _MOST_TENSORS or evidence.is_late():
            return
        if not _may_hold(tensor, port, evidence.floor):
            continue
        looks += 1
        for inner, filled in _insides(port):
            found = _placed(evidence, tensor, inner)
            if found is not None:
                words, predicted = found
                said = f"{filled}{_padded(evidence, tensor) if filled and not words else ''}"
                whole, part = (taken, "") if _is_whole(words) else ("", taken)
                yield Trial(f"{name}{words}{said}", predicted=predicted, taken=whole, part_of=part)
                break


def _is_whole(words: str) -> bool:
    """Whether a rule takes a tensor as it is, but for its form."""
    return not words or (words.startswith(_ONLY_RESHAPED) and "," not in words)


def _sources(evidence: DifferingLayer) -> Iterator[tuple[str, Array, str]]:
    yield "the reference's output", evidence.reference, ""
    given = evidence.producer.given if evidence.producer else {}
    for name, tensor in given.items():
        yield f"the reference's {name}", tensor, name
    for place, tensor in enumerate(evidence.inputs):
        yield f"its input number {place}", tensor, ""
    for other in evidence.recorded:
        if other.name not in given and _FEWEST <= np.prod(other.shape, dtype=np.int64) <= _LARGEST:
            yield f"the reference's {other.name}", other.read(), other.name


def _insides(port: Array) -> Iterator[tuple[tuple[slice, ...], str]]:
    """The whole tensor; then without its borders, where these are zero throughout."""
    yield tuple(slice(None) for _ in port.shape), ""
    inner, said = [], []
    for axis, size in enumerate(port.shape):
        used = np.flatnonzero(port.any(tuple(other for other in range(port.ndim) if other != axis)))
        begin, end = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, size)
        inner.append(slice(begin, end))
        if end - begin < size:
            said.append(f", {_moved(begin, size - end)} along axis {axis}")
    if said:
        yield tuple(inner), "".join(said)


def _padded(evidence: DifferingLayer, source: Array) -> str:
    """What zeros around a tensor come to, where they only make its last axes longer."""
    given, made, right = (list(one.shape) for one in (source, evidence.port, evidence.reference))
    larger = [axis for axis, size in enumerate(made) if len(given) == len(made) and size != given[axis]]
    if not larger or any(made[axis] < given[axis] for axis in larger) or len(right) != len(made):
        return ""
    first = larger[0]
    return f": {said_of_sizes(given[first:], made[first:], right[first:])}"


def _moved(front: int, behind: int) -> str:
    if not behind:
        return f"moved by {front}, with zeros in front,"
    if not front:
        return f"padded with {behind} zeros behind"
    return f"padded with {front} zeros in front and {behind} behind"


def _placed(evidence: DifferingLayer, source: Array, inner: tuple[slice, ...]) -> tuple[str, Array] | None:
    """What the rule is, and the tensor that it makes."""
    values = evidence.port[inner]
    if values.size < _FEWEST:
        return None
    places, known = _places(source, values, evidence.floor)
    rule = _rules.rule_of(places, known)
    if rule is None or not evidence.carries(rule.numbers) or not rule.fits(source.size):
        return None
    predicted = np.zeros(evidence.port.shape, evidence.port.dtype)
    predicted[inner] = rule.of(source, values.shape)
    words = _from_elsewhere(evidence, source, rule) or _rules.said(rule, source.shape, values.shape)
    return words, predicted


def _from_elsewhere(evidence: DifferingLayer, source: Array, rule: _rules.PlaceRule) -> str:
    """How far off the port begins, where the reference reads the same source by the same rule."""
    right = evidence.reference
    if (
        right.shape != evidence.port.shape
        or right.size == source.size
        or rule.order != tuple(range(right.ndim))
    ):
        return ""
    places, known = _places(source, right, evidence.floor)
    own = _rules.rule_of(places, known)
    if own is None or own[0] != rule.order or own.digits != rule.digits:
        return ""
    return _rules.said_of_start(rule.base - own.base, source.shape)


def _may_hold(source: Array, port: Array, floor: float) -> bool:
    """Whether a sample of the port's elements are all in the source: a cheap first look."""
    if source.dtype.kind != "f" or source.size < 2:
        return False
    flat = port.reshape(-1)
    sample = flat[np.linspace(0, flat.size - 1, min(_SAMPLE, flat.size)).astype(int)]
    sample = np.unique(sample[(sample != 0) & np.isfinite(sample)])
    if len(sample) < _FEWEST // 2:
        return False
    allowed = _allowed(port, floor)
    with np.errstate(invalid="ignore"):  # an infinity less itself
        return all(np.abs(source - value).min() <= allowed for value in sample)  # most end at the first


def _places(source: Array, port: Array, floor: float) -> tuple[Array, Array]:
    """The place in the source of each element of the port, and which are known by their values alone.

    Where all stray less than rounding may, values that lie nearer to each other are told apart as well.
    """
    order = np.argsort(source, None, kind="stable")
    own = source.reshape(-1)[order].astype(np.float64)
    wanted = port.reshape(-1).astype(np.float64)
    nearest = _nearest(own, wanted)
    own = np.nan_to_num(own, nan=np.nan)  # what is infinite is known by no value
    with np.errstate(invalid="ignore"):  # an infinity less itself
        strays = np.abs(own[nearest] - wanted)
    allowed = min(_allowed(port, floor), _NARROWER * float(np.nanmax(strays, initial=0.0)))
    low, high = own[np.maximum(nearest - 1, 0)], own[np.minimum(nearest + 1, len(own) - 1)]
    alone = ((nearest == 0) | (wanted - low > 2 * allowed)) & (
        (nearest == len(own) - 1) | (high - wanted > 2 * allowed)
    )
    known = alone & (strays <= allowed)
    return order[nearest].reshape(port.shape), known.reshape(port.shape)


def _nearest(own: Array, wanted: Array) -> Array:
    """The number of the nearest of some values in order."""
    right = np.clip(np.searchsorted(own, wanted), 1, len(own) - 1)
    with np.errstate(invalid="ignore"):  # an infinity less itself
        return np.asarray(np.where(wanted - own[right - 1] <= own[right] - wanted, right - 1, right))


def _allowed(port: Array, floor: float) -> float:
    """How far an element may stray; in a large tensor no farther than a copy does, or all would be alike."""
    rounded = _ROUNDED * float(np.nanmax(np.abs(port))) if port.size > _LARGE else np.inf
    return float(min(floor, _STRAY * floor / np.sqrt(port.size), rounded))
