"""Hypotheses: the right tensor, or what it is made of, normalised along axes in a way of its own.

One element of each is computed first, so that what has nothing to do with it costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, Trial
from harness.diagnose.functions import given_to_the_maker
from harness.forms import axes_text

Axes = tuple[int, ...]
Normal = Callable[[Array, Axes], Array]

_LARGEST, _MOST_AXES = 1 << 22, 5
_STRAY = 16.0
_EPS = (0.0, 1e-12, 1e-8, 1e-6, 1e-5, 1e-3)


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """What the maker of the tensor is given, and what the makers of that are given."""
    before = evidence.producer.before if evidence.producer is not None else {}
    given = {
        **given_to_the_maker(evidence),
        **{f"the reference's {name}": its for name, its in before.items()},
    }
    for name, tensor in given.items():
        yield from _of(evidence, name, tensor)


def of_the_right_one(evidence: DifferingLayer) -> Iterator[Trial]:
    """The right tensor itself, which says less."""
    yield from _of(evidence, "the reference's output", evidence.reference)


def _of(evidence: DifferingLayer, name: str, tensor: Array) -> Iterator[Trial]:
    """Along one axis, then along several; of those that differ in eps alone the first that fits."""
    port = evidence.port
    if tensor.shape != port.shape or not (_is_looked_at(port) and _is_looked_at(tensor)):
        return
    wide, begin = tensor.astype(np.float64), float(port.reshape(-1)[0])
    allowed = min(evidence.floor, _STRAY * evidence.floor / math.sqrt(port.size))
    with np.errstate(all="ignore"):
        for axes in _all_axes(wide.shape):
            first = wide[tuple(slice(None) if axis in axes else slice(0, 1) for axis in range(wide.ndim))]
            for words, normals in _NORMALS.items():
                for eps, normal in normals.items():
                    if abs(float(normal(first, axes).reshape(-1)[0]) - begin) > allowed:
                        continue
                    found = normal(wide, axes).astype(port.dtype)
                    said = f", with eps={eps:g}," if eps else ""
                    yield Trial(f"{name}, {words}{said} along {axes_text(axes)}", predicted=found)
                    if evidence.reproduces(found):
                        break


def _is_looked_at(tensor: Array) -> bool:
    is_small = 0 < tensor.ndim <= _MOST_AXES and 1 < tensor.size <= _LARGEST
    return tensor.dtype.kind == "f" and is_small and not np.isnan(tensor).any()


def _all_axes(shape: tuple[int, ...]) -> Iterator[Axes]:
    long = [axis for axis, size in enumerate(shape) if size > 1]
    for count in range(1, len(long) + 1):
        yield from combinations(long, count)


def _size(x: Array, axes: Axes) -> Array:
    return np.asarray(np.sqrt(np.sum(x * x, axes, keepdims=True)))


def _centred(x: Array, axes: Axes) -> Array:
    return np.asarray(x - x.mean(axes, keepdims=True))


def _softmax(x: Array, axes: Axes) -> Array:
    grown = np.exp(x - x.max(axes, keepdims=True))
    return np.asarray(grown / grown.sum(axes, keepdims=True))


def _log_softmax(x: Array, axes: Axes) -> Array:
    top = x - x.max(axes, keepdims=True)
    return np.asarray(top - np.log(np.exp(top).sum(axes, keepdims=True)))


def _spread(x: Array, axes: Axes) -> Array:
    low = x.min(axes, keepdims=True)
    return np.asarray((x - low) / (x.max(axes, keepdims=True) - low))


def _standardised(eps: float, unbiased: bool) -> Normal:
    def normal(x: Array, axes: Axes) -> Array:
        wide = _centred(x, axes)
        count = math.prod(x.shape[axis] for axis in axes) - unbiased
        return np.asarray(wide / np.sqrt(np.sum(wide * wide, axes, keepdims=True) / count + eps))

    return normal


def _by_root_mean_square(eps: float) -> Normal:
    return lambda x, axes: np.asarray(x / np.sqrt(np.mean(x * x, axes, keepdims=True) + eps))


_NORMALS: dict[str, dict[float, Normal]] = {
    "brought to length one (normalised by its L2 norm)": {0.0: lambda x, axes: x / _size(x, axes)},
    "divided by its squared length": {0.0: lambda x, axes: x / _size(x, axes) ** 2},
    "brought to the sum one (normalised)": {0.0: lambda x, axes: x / x.sum(axes, keepdims=True)},
    "brought to the absolute sum one (normalised by its L1 norm)": {
        0.0: lambda x, axes: x / np.abs(x).sum(axes, keepdims=True)
    },
    "divided by its mean": {0.0: lambda x, axes: x / x.mean(axes, keepdims=True)},
    "divided by its largest (normalised by its max)": {0.0: lambda x, axes: x / x.max(axes, keepdims=True)},
    "divided by its largest absolute value (normalised by its max)": {
        0.0: lambda x, axes: x / np.abs(x).max(axes, keepdims=True)
    },
    "spread from 0 to 1 (normalised by its min and max)": {0.0: _spread},
    "with a softmax": {0.0: _softmax},
    "with the logarithm of a softmax (log_softmax)": {0.0: _log_softmax},
    "with its mean taken off (centred)": {0.0: _centred},
    "with its largest (max) taken off": {0.0: lambda x, axes: x - x.max(axes, keepdims=True)},
    "standardised (mean taken off, divided by its deviation)": {
        eps: _standardised(eps, unbiased=False) for eps in _EPS
    },
    "standardised (mean taken off, divided by its deviation by n - 1)": {
        eps: _standardised(eps, unbiased=True) for eps in _EPS
    },
    "divided by its root mean square": {eps: _by_root_mean_square(eps) for eps in _EPS},
}
