"""Hypotheses: the statistics of a norm run over other axes or groups, or are computed in another form."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import chain, combinations
from typing import NamedTuple

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, Trial
from harness.forms import axes_text

_MOST_AXES = 5
_LARGEST = 1 << 21
_CHANNELS = 1
_OTHERS = (1e-3, 1e-5, 1e-6, 1e-8, 0.0)


class _Statistics(NamedTuple):
    """Over what the statistics of a norm run: axes, within so many groups of channels."""

    axes: tuple[int, ...]
    groups: int = 1

    def said(self) -> str:
        over = axes_text(self.axes)
        return f"{over} within each of {self.groups} groups of channels" if self.groups > 1 else over


class _Form(NamedTuple):
    """How a norm divides: unbiased or not, eps beside the root or under it, the mean taken off or not."""

    unbiased: bool = False
    beside: bool = False
    keeps_mean: bool = False


class _Affine(NamedTuple):
    """Weight and bias as they go with the tensor."""

    weight: Array
    bias: Array


_PLAIN = _Form()


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """Other statistics, then other forms; only of a layer that is seen to be a norm of what it is given."""
    given = evidence.inputs[0] if evidence.inputs else None
    if "norm" not in evidence.type.lower() or given is None or given.dtype.kind != "f":
        return
    if not given.shape == evidence.reference.shape == evidence.port.shape or given.size > _LARGEST:
        return
    if not 2 <= given.ndim <= _MOST_AXES or ("running_mean" in evidence.state and not evidence.training):
        return
    wide, eps = given.astype(np.float64), _eps(evidence)
    with np.errstate(all="ignore"):
        for affine in _affines(evidence):
            for own in _all_statistics(given.shape):
                if _gives(evidence.reference, _normed(wide, own, _PLAIN, eps, affine), evidence.floor):
                    yield from _others(evidence, wide, own, eps, affine)
                    return


def _others(
    evidence: DifferingLayer, wide: Array, own: _Statistics, eps: float, affine: _Affine
) -> Iterator[Trial]:
    lead = "the reference computed with"
    for other in _all_statistics(wide.shape):
        if other != own:
            words = f"{lead} its statistics over {other.said()}, not over {own.said()}"
            yield _trial(evidence, words, _normed(wide, other, _PLAIN, eps, affine))
    said_eps = {eps: ""} | {value: f" and eps={value:g}" for value in _OTHERS if value != eps}
    forms = {
        "the unbiased variance (divided by n - 1, not by n)": _Form(unbiased=True),
        "the unbiased deviation (divided by n - 1, not by n), eps added to it": _Form(True, True),
        "eps added to the deviation, not to the variance": _Form(beside=True),
        "the mean not taken off (a root mean square)": _Form(keeps_mean=True),
    }
    for words, form in forms.items():
        for value, more in said_eps.items():
            yield _trial(evidence, f"{lead} {words}{more}", _normed(wide, own, form, value, affine))


def _trial(evidence: DifferingLayer, words: str, found: Array) -> Trial:
    return Trial(words, predicted=found.astype(evidence.port.dtype))


def _gives(right: Array, found: Array, floor: float) -> bool:
    return float(np.linalg.norm(found - right)) <= floor


def _eps(evidence: DifferingLayer) -> float:
    eps = evidence.attributes.get("eps", 1e-5)
    return float(eps) if isinstance(eps, float | int) else 1e-5


def _normed(wide: Array, over: _Statistics, form: _Form, eps: float, affine: _Affine) -> Array:
    shape = wide.shape
    if over.groups > 1:
        parts = wide.reshape(shape[0], over.groups, shape[1] // over.groups, *shape[2:])
        axes = tuple(axis + 1 for axis in over.axes)
    else:
        parts, axes = wide, over.axes
    mean = np.zeros(()) if form.keeps_mean else parts.mean(axes, keepdims=True)
    count = math.prod(parts.shape[axis] for axis in axes)
    squares = ((parts - mean) ** 2).sum(axes, keepdims=True)
    variance = squares / (count - 1 if form.unbiased else count)
    divisor = np.sqrt(variance) + eps if form.beside else np.sqrt(variance + eps)
    return np.asarray(((parts - mean) / divisor).reshape(shape) * affine.weight + affine.bias)


def _all_statistics(shape: tuple[int, ...]) -> Iterator[_Statistics]:
    """Over any axes that have more than one element, the usual ones first; in groups of channels."""
    long = tuple(axis for axis, size in enumerate(shape) if size > 1)
    usual = [tuple(axis for axis in long if axis != left_out) for left_out in (_CHANNELS, 0)]
    some = [axes for count in range(len(long), 0, -1) for axes in combinations(long, count)]
    for axes in dict.fromkeys((*usual, long[-1:], *some)):
        if axes:
            yield _Statistics(axes)
    channels = shape[_CHANNELS]
    for groups in range(2, channels):
        if channels % groups == 0:
            yield _Statistics(tuple(range(1, len(shape))), groups)


def _affines(evidence: DifferingLayer) -> Iterator[_Affine]:
    """Weight and bias along the channels, or along the last axes; a norm may have neither."""
    rank = evidence.reference.ndim
    held = [evidence.state[name] for name in ("weight", "bias") if name in evidence.state]
    given = [tensor for tensor in evidence.inputs[1:] if tensor.dtype.kind == "f"][-2:]
    vectors = held or given
    for turned in (False, True):
        fitted = [_beside(vector, evidence.reference.shape, turned) for vector in vectors]
        whole = [vector for vector in fitted if vector is not None]
        if len(whole) == len(vectors):
            ones, zeros = np.ones((1,) * rank), np.zeros((1,) * rank)
            yield _Affine(*chain(whole, [ones, zeros][len(whole) :]))


def _beside(vector: Array, shape: tuple[int, ...], along_last: bool) -> Array | None:
    wide = vector.astype(np.float64)
    if along_last:
        return wide if wide.shape == shape[len(shape) - wide.ndim :] else None
    if wide.size != shape[_CHANNELS]:
        return None
    return wide.reshape(1, -1, *(1 for _ in shape[2:]))
