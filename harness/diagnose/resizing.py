"""Hypotheses: a map is resized in two steps where the reference does it in one, or another map is resized."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, Trial
from harness.diagnose.functions import given_to_the_maker

_LARGEST, _MOST_OTHERS = 1 << 21, 12
_RANK = 4
_TYPES = ("interpolate", "upsample")
_WAYS = ("linear, with corners aligned", "linear, without aligned corners", "nearest")


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """Only of what a resizing makes: in two steps, then other maps of as many channels in one."""
    port = evidence.port
    name = evidence.producer.name if evidence.producer else evidence.type
    if port.ndim != _RANK or port.dtype.kind != "f" or port.size > _LARGEST or not evidence.carries(2):
        return
    if not any(kind in name.lower() for kind in _TYPES):
        return
    given = {name: one for name, one in given_to_the_maker(evidence).items() if _fits(one.shape, port.shape)}
    yield from _in_steps(given, port)
    yield from _of_others(evidence)


def _fits(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return len(shape) == _RANK and shape[:2] == wanted[:2] and shape[2:] != wanted[2:]


def _in_steps(given: Mapping[str, Array], port: Array) -> Iterator[Trial]:
    for name, tensor in given.items():
        for between in _between(tensor.shape[2:], port.shape[2:]):
            for how in _WAYS:
                first = _resized(tensor.astype(np.float64), between, how)
                words = (
                    f"{name} resized twice ({how}), in two steps by way of the size {between[0]}x{between[1]}"
                )
                yield Trial(
                    f"{words}, not once", predicted=_resized(first, port.shape[2:], how).astype(port.dtype)
                )


def _between(size: tuple[int, ...], wanted: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Sizes on the way, by one whole factor of both sides."""
    large = wanted if wanted[0] > size[0] else size
    small = size if large is wanted else wanted
    if any(b == 0 or a % b for a, b in zip(large, small, strict=True)):
        return
    factors = [a // b for a, b in zip(large, small, strict=True)]
    for factor in range(2, max(factors)):
        if factors[0] == factors[1] and factors[0] % factor == 0:
            yield small[0] * factor, small[1] * factor


def _of_others(evidence: DifferingLayer) -> Iterator[Trial]:
    """Other maps, resized to the size of the port's."""
    port, looked = evidence.port, 0
    for other in evidence.recorded:
        if looked == _MOST_OTHERS or evidence.is_late():
            return
        if _fits(other.shape, port.shape) and np.prod(other.shape) <= _LARGEST:
            looked += 1
            tensor = other.read()
            for how in _WAYS if tensor.dtype.kind == "f" else ():
                found = _resized(tensor.astype(np.float64), port.shape[2:], how)
                words = f"the reference's {other.name} resized ({how}): another map is"
                yield Trial(words, predicted=found.astype(port.dtype))


def _resized(tensor: Array, wanted: tuple[int, ...], how: str) -> Array:
    """The map in another size, each axis by a matrix of its own."""
    rows, columns = (_matrix(a, b, how) for a, b in zip(tensor.shape[2:], wanted, strict=True))
    return np.asarray(rows @ tensor @ columns.T)


def _matrix(size: int, wanted: int, how: str) -> Array:
    places = np.arange(wanted)
    if how == _WAYS[2]:
        at = np.floor(places * (size / wanted))
    elif how == _WAYS[0]:
        at = np.linspace(0, size - 1, wanted)
    else:
        at = np.clip((places + 0.5) * (size / wanted) - 0.5, 0, size - 1)
    low = np.minimum(np.floor(at).astype(int), size - 1)
    found = np.zeros((wanted, size))
    found[places, low] += 1 - (at - low)
    found[places, np.minimum(low + 1, size - 1)] += at - low
    return found
