"""Hypotheses: an attention has another count of heads, each with more or fewer channels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from harness import address as addresses
from harness.diagnose._evidence import Array, DifferingLayer, Trial

_LARGEST = 1 << 22
_ALIKE = 1e-4


class _Attention(NamedTuple):
    """Queries, keys (turned as the product takes them) and values, each (samples, heads, ...)."""

    queries: Array
    keys: Array
    values: Array

    @property
    def heads(self) -> int:
        """How many there are."""
        return int(self.queries.shape[1])

    @property
    def width(self) -> int:
        """The channels of the queries of a head."""
        return int(self.queries.shape[3])


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """The attention that makes the right tensor, with every other count of heads that goes with it."""
    for found, scale in _attentions(evidence):
        channels = found.heads * found.width
        for heads in range(1, channels + 1):
            width, beside = channels // heads, found.heads * found.values.shape[3] % heads
            if heads == found.heads or channels % heads or beside:
                continue
            said = f"the reference's attention with {heads} heads of {width} channels each"
            for factor in dict.fromkeys((1.0, (found.width / width) ** 0.5)):
                words = f"{said}, not {found.heads} of {found.width}"
                predicted = _attended(found, heads, scale * factor)
                yield Trial(words, predicted=predicted.astype(evidence.port.dtype))


def _attentions(evidence: DifferingLayer) -> Iterator[tuple[_Attention, float]]:
    """Queries and keys among what is recorded that make the shares by which the values are taken."""
    producer = evidence.producer
    given = list(producer.given.values()) if producer is not None else []
    if producer is None or "/matmul." not in producer.name or len(given) != 2:
        return
    shares, values = given
    if any(one.ndim != 4 or one.dtype.kind != "f" for one in given) or shares.size > _LARGEST:
        return
    if evidence.port.shape != (*shares.shape[:3], values.shape[3]):
        return
    for queries, keys in _factors(evidence, producer.name):
        if queries.ndim != 4 or (*queries.shape[:3], keys.shape[-1]) != shares.shape:
            continue
        for scale in (1.0, queries.shape[3] ** -0.5):
            if np.abs(_softmax(scale * _product(queries, keys)) - shares).max() <= _ALIKE:
                yield _Attention(queries, keys, values), scale
                return


def _factors(evidence: DifferingLayer, name: str) -> Iterator[tuple[Array, Array]]:
    """What other matrix products in the same module are given, in the same call."""
    module = name.partition("/")[0]
    found: dict[tuple[str, int], dict[str, Array]] = {}
    for one in evidence.recorded:
        if one.name.startswith(f"layer:{module}/matmul.") and len(one.shape) == 4:
            its = addresses.parse_layer(one.name)
            if its.role == "in" and its.path != name:
                found.setdefault((its.path, its.call), {})[its.key] = one.read()
    for pair in found.values():
        if pair.keys() == {"0", "1"}:
            yield pair["0"], pair["1"]


def _attended(found: _Attention, heads: int, scale: float) -> Array:
    queries = _regrouped(found.queries, heads)
    keys = _regrouped(found.keys.swapaxes(2, 3), heads).swapaxes(2, 3)
    shares = _softmax(scale * _product(queries, keys))
    return _regrouped(np.matmul(shares, _regrouped(found.values, heads)), found.heads)


def _regrouped(tensor: Array, heads: int) -> Array:
    """(samples, heads, places, channels) with the same channels, in order, in another count of heads."""
    samples, _, places, _ = tensor.shape
    channels_first = tensor.astype(np.float64).swapaxes(2, 3).reshape(samples, heads, -1, places)
    return channels_first.swapaxes(2, 3)


def _product(queries: Array, keys: Array) -> Array:
    return np.asarray(np.matmul(queries.astype(np.float64), keys.astype(np.float64)))


def _softmax(scores: Array) -> Array:
    grown = np.exp(scores - scores.max(-1, keepdims=True))
    return np.asarray(grown / grown.sum(-1, keepdims=True))
