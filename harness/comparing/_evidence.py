"""Takes what pictures need out of two traces, for the tensors that make an error and those that diverged."""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray

from harness import address as addresses
from harness.alignment import Alignment
from harness.comparing._places import in_order_of_computation
from harness.evidence import (
    BINS,
    MOST_CHANNELS,
    MOST_LAYERS,
    MOST_PICTURES,
    NOT_FINITE,
    SIDE,
    ByteGrid,
    Evidence,
    Histogram,
    LayerAttributes,
    Slice,
    TensorPicture,
    attributes_kept,
)
from harness.layer_note import read_layer_notes
from harness.trace import Trace

_Array = NDArray[np.float64]
_LARGEST = 1 << 24  # elements: a larger tensor would cost seconds


def evidence(alignment: Alignment, reference: Trace | None, candidate: Trace | None) -> Evidence:
    """The pictures of the sources, then of what diverged first, and the attributes of their layers."""
    if reference is None or candidate is None:
        return Evidence()
    places = _places(alignment)
    pictures: list[TensorPicture] = []
    for address in places:
        if len(pictures) < MOST_PICTURES and (one := _picture(alignment, reference, candidate, address)):
            pictures.append(one)
    return Evidence(pictures, _attributes(places, reference, candidate))


def _places(alignment: Alignment) -> list[str]:
    rows = in_order_of_computation(alignment.rows)
    bad = [row.address for row in rows if row.verdict.status == "diverged"]
    return list(dict.fromkeys([*(source.address for source in alignment.sources), *bad]))


def _attributes(places: list[str], reference: Trace, candidate: Trace) -> list[LayerAttributes]:
    ours, its = (read_layer_notes(trace.notes.get("layers")) for trace in (reference, candidate))
    paths = [addresses.parse_layer(address).path for address in places if addresses.kind(address) == "layer"]
    both = [path for path in dict.fromkeys(paths) if path in ours and path in its]
    return [
        LayerAttributes(path, attributes_kept(ours[path].attributes), attributes_kept(its[path].attributes))
        for path in both[:MOST_LAYERS]
    ]


def _picture(alignment: Alignment, reference: Trace, candidate: Trace, address: str) -> TensorPicture | None:
    """The picture of a tensor that both traces hold whole, in one shape; what repeats another has none."""
    if address not in reference.records or address not in candidate.records:
        return None
    record, its = reference.records[address], candidate.records[address]
    if not 0 < record.size <= _LARGEST or (record.alias and record.alias == its.alias):
        return None
    one, other = reference.array(address), candidate.array(address)
    if one is None or other is None or one.shape != other.shape or one.dtype.kind not in "biuf":
        return None
    measured = alignment.row(address).measured
    worst = measured.difference.worst if measured else None
    return picture(address, one.astype(np.float64), other.astype(np.float64), worst)


def picture(address: str, reference: _Array, port: _Array, worst: tuple[int, ...] | None) -> TensorPicture:
    """What two tensors of one shape look like, around their worst element."""
    with np.errstate(all="ignore"):
        apart = port - reference
        return TensorPicture(
            address,
            _slice(reference, port, apart, worst),
            _histogram(reference, port),
            _histogram(apart),
            _channels(reference, apart),
        )


def _slice(reference: _Array, port: _Array, apart: _Array, worst: tuple[int, ...] | None) -> Slice:
    """The last two axes at the worst element; what has fewer axes is one row."""
    shape = (1,) * (2 - reference.ndim) + reference.shape
    known = worst if worst is not None and len(worst) == reference.ndim else (0,) * reference.ndim
    place = (0,) * (len(shape) - len(known)) + known
    at = place[:-2]
    corner = (_begin(place[-2], shape[-2]), _begin(place[-1], shape[-1]))
    top, left = corner
    ours, its, between = (
        array.reshape(shape)[at][top : top + SIDE, left : left + SIDE] for array in (reference, port, apart)
    )
    low, high = _span(np.concatenate([ours.ravel(), its.ravel()]))
    most = max(map(abs, _span(between)))
    return Slice(
        at=at,
        corner=corner,
        rows=ours.shape[0],
        columns=ours.shape[1],
        reference=_grid(ours, low, high),
        port=_grid(its, low, high),
        difference=_grid(between, -most, most),
    )


def _begin(at: int, size: int) -> int:
    """Where a part of at most SIDE begins that has a place in its middle."""
    return max(0, min(at - SIDE // 2, size - SIDE))


def _span(values: _Array) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _grid(values: _Array, low: float, high: float) -> ByteGrid:
    share = (values - low) / (high - low) if high > low else np.zeros_like(values) + (0.5 if low < 0 else 0.0)
    whole = np.where(np.isfinite(values), np.round(np.nan_to_num(share) * (NOT_FINITE - 1)), NOT_FINITE)
    return ByteGrid(low, high, base64.b64encode(whole.astype(np.uint8).tobytes()).decode("ascii"))


def _histogram(*tensors: _Array) -> Histogram:
    finite = [tensor[np.isfinite(tensor)] for tensor in tensors]
    low, high = _span(np.concatenate(finite))
    wide = (low, high) if np.isfinite(high - low) and high > low else (low - 0.5, low + 0.5)
    return Histogram(*wide, counts=[np.histogram(values, BINS, wide)[0].tolist() for values in finite])


def _channels(reference: _Array, apart: _Array) -> list[float]:
    """The relative error of each channel, of a tensor that has some."""
    if reference.ndim < 2 or reference.shape[1] < 2:
        return []
    axes = tuple(axis for axis in range(reference.ndim) if axis != 1)
    sizes, errors = (
        np.sqrt((values[:, :MOST_CHANNELS] ** 2).sum(axis=axes)) for values in (reference, apart)
    )
    shares = np.where(sizes > 0, errors / np.where(sizes > 0, sizes, 1.0), errors)
    return [float(f"{value:.3g}") for value in shares]
