"""One operand of a sum or product that the port makes otherwise, with the other one as it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import address as addresses
from harness.diagnose import DifferingLayer
from harness.trace import Trace

Array = NDArray[Any]
_SMALLEST = 0.02  # of the largest factor: below it a quotient is noise
_FEWEST = 8


@dataclasses.dataclass(frozen=True)
class Operand:
    """What the port must have had in the place of one operand: `address` is what the call is given there."""

    address: str
    evidence: DifferingLayer
    words: str


def solved(trace: Trace, maker: str, evidence: DifferingLayer) -> Iterator[Operand]:
    """Each of two operands solved for, where the call that makes a tensor is a sum or a product of two.

    What an operand is must be the same along the axes that it is stretched along, within what noise allows.
    """
    layer = addresses.parse_layer(maker)
    kind = layer.path.partition("/")[2].rpartition(".")[0]
    places = [addresses.layer(layer.path, layer.call, "in", key) for key in ("0", "1")]
    if kind not in _KINDS or any(place not in trace.records for place in places):
        return
    ours = [np.array(trace.array(place)) for place in places]
    if any(part.dtype.kind != "f" for part in ours) or evidence.port.shape != evidence.reference.shape:
        return
    for place in (0, 1):
        found = _other(kind, place, ours, evidence)
        if (
            found is not None
            and found.reference.size >= _FEWEST
            and found.distance(found.reference) > found.floor
        ):
            yield Operand(places[place], found, f"as one operand of {layer.path}, with {places[1 - place]}")


_KINDS = ("add", "sub", "mul", "div")


def _other(kind: str, place: int, ours: list[Array], evidence: DifferingLayer) -> DifferingLayer | None:
    """The evidence of one operand."""
    port, kept, own = (part.astype(np.float64) for part in (evidence.port, ours[1 - place], ours[place]))
    if kind in ("mul", "div") and _is_small(port if kind == "div" and place else kept):
        return None
    with np.errstate(all="ignore"):
        if kind == "add":
            whole, grown = port - kept, 1.0
        elif kind == "sub":
            whole, grown = (kept - port, 1.0) if place else (port + kept, 1.0)
        elif kind == "mul":
            whole, grown = port / kept, float(1 / np.abs(kept).min())
        elif place:
            whole, grown = kept / port, float(np.abs(kept).max() / np.abs(port).min() ** 2)
        else:
            whole, grown = port * kept, float(np.abs(kept).max())
    if not np.isfinite(whole).all() or whole.ndim < own.ndim:
        return None
    narrow = _narrowed(whole, own.shape, grown * evidence.floor)
    if narrow is None:
        return None
    dtype = evidence.port.dtype
    floor = grown * evidence.floor * float(np.sqrt(narrow.size / whole.size))
    return dataclasses.replace(
        evidence, reference=ours[place], port=narrow.astype(dtype), floor=floor, inputs=(), attributes={}
    )


def _is_small(divisor: Array) -> bool:
    sizes = np.abs(divisor)
    return not sizes.size or float(sizes.min()) <= _SMALLEST * float(sizes.max())


def _narrowed(whole: Array, shape: tuple[int, ...], allowed: float) -> Array | None:
    """The operand as it was before it was stretched; None where it is not the same along those axes."""
    wide = (1,) * (whole.ndim - len(shape)) + shape
    axes = tuple(axis for axis, size in enumerate(wide) if size == 1 and whole.shape[axis] > 1)
    mean = whole.mean(axes, keepdims=True)
    return mean.reshape(shape) if float(np.linalg.norm(whole - mean)) <= allowed else None
