"""Operations that are given other things and return the same, where nothing can hide in them.

A sum of other terms that is the same sum is another formula. A product or a softmax may hide a wrong input,
but only where it does not depend on it: so the operation is computed anew with one input moved toward the
reference's. Each element is moved by another share, since a softmax does not see what all have in common.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import address as addresses
from harness.alignment_rows import Row
from harness.comparing._places import kind_of
from harness.trace import Trace

Array = NDArray[Any]
BREAKS = 1e-3  # of a tensor's size: far above rounding, far below another value
_OF_TWO: Mapping[str, Callable[[Array, Array], Array]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "matmul": np.matmul,
    "bmm": np.matmul,
}  # fmt: skip


def needed_inputs(rows: Iterable[Row], candidate: Trace, reference: Trace) -> list[str]:
    """The inputs that differ and without which an operation would not return what it does, which agrees."""
    rows = list(rows)
    agrees = {row.address for row in rows if row.verdict.status == "aligned" and row.obstacle is None}
    return [row.address for row in rows if _is_asked(row, agrees) and _is_needed(row, candidate, reference)]


def _is_asked(row: Row, agrees: set[str]) -> bool:
    if kind_of(row.address) != "operation_input" or row.obstacle is not None:
        return False
    return row.verdict.status == "diverged" and _role(row.address, "out") in agrees


def _is_needed(row: Row, candidate: Trace, reference: Trace) -> bool:
    """Whether the port's operation returns something else where this input is nearer to the reference's."""
    layer = addresses.parse_layer(row.address)
    returned = candidate.array(_role(row.address, "out"))
    given = [candidate.array(place) for place in _inputs(row.address, candidate)]
    wanted = reference.array(row.address)
    if returned is None or wanted is None or any(one is None for one in given):
        return False  # a compact trace
    exact = [one.astype(np.float64) for one in given if one is not None]
    compute = _computing(layer.path.partition("/")[2].rpartition(".")[0], len(exact), returned)
    if compute is None or layer.key not in ("0", "1")[: len(exact)]:
        return False
    with np.errstate(all="ignore"):
        return _responds(compute, exact, int(layer.key), wanted, returned)


def _computing(name: str, count: int, returned: Array) -> Callable[..., Array] | None:
    """How an operation computes what it returns."""
    if name == "softmax" and count == 1:
        axes = range(returned.ndim)
        axis = next((axis for axis in axes if np.allclose(returned.sum(axis), 1.0, atol=1e-4)), None)
        return None if axis is None else functools.partial(_softmax, axis=axis)
    return _OF_TWO.get(name) if count == 2 else None


def _responds(
    compute: Callable[..., Array], given: list[Array], place: int, wanted: Array, returned: Array
) -> bool:
    if not _apart(compute(*given), returned) < BREAKS:  # it has other arguments, too
        return False
    own = given[place]
    share = np.random.default_rng(0).uniform(0.25, 1.0, own.shape)
    moved = own + share * (wanted.astype(np.float64).reshape(own.shape) - own)
    return not _apart(compute(*given[:place], moved, *given[place + 1 :]), returned) <= BREAKS


def _apart(found: Array, returned: Array) -> float:
    if found.size != returned.size:
        return np.inf
    size = float(np.linalg.norm(returned))
    return float(np.linalg.norm(found.reshape(returned.shape) - returned)) / size if size else np.inf


def _softmax(given: Array, axis: int) -> Array:
    powers: Array = np.exp(given - given.max(axis, keepdims=True))
    found: Array = powers / powers.sum(axis, keepdims=True)
    return found


def _inputs(address: str, trace: Trace) -> list[str]:
    """The addresses of what an operation is given, where these are tensors."""
    places = [_role(address, "in", str(number)) for number in range(2)]
    return [place for place in places if place in trace.records]


def _role(address: str, role: str, key: str = "") -> str:
    layer = addresses.parse_layer(address)
    return addresses.layer(layer.path, layer.call, role, key)
