"""The layout of our own trace files.

    /            attributes: format, version; `complete`, written last
    /tensors/A   one contiguous dataset for each whole tensor, named after its address
    /samples/D   the samples of all tensors of dtype D, one after the other (compact traces)
    /stats       mean, std, absmax, l2, nonfinite of each sampled tensor (compact traces)
    /noise       l2 and max of each record's noise, NaN where it has none (truths)
    /index       JSON, deflated: header, notes, and the records in execution order
    /truth       all of this once more: the float64 run and its noise, which the trace of a reference carries

Which elements are sampled is not stored: `seeded.sample_indices` draws them from the address.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

FORMAT, VERSION = "align-trace", 1
TENSORS, SAMPLES, STATS, NOISE, INDEX = b"tensors", b"samples", b"stats", b"noise", b"index"
TRUTH = "truth"
_INTEGERS = [f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)]
DTYPES = {np.dtype(name): name for name in ("bool", "float16", "float32", "float64", *_INTEGERS)}
"""The dtypes that a trace can hold, with their names."""
MAX_INDEX = 1 << 24
"""Bytes that an index may have once inflated."""
MOST_ELEMENTS = 1 << 40
"""Elements that a tensor may claim to have."""
_MAX_VALUES = 1 << 21
_DEEPEST = 64
_MOST_DIGITS = 20
_LONG_NUMBER = re.compile(rb"[0-9]{21}")


class TensorForm(NamedTuple):
    """What has to be known of a tensor before it comes."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def bytes(self) -> int:
        """The size of its elements."""
        return math.prod(self.shape) * self.dtype.itemsize


def stored_as(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of a dataset: HDF5 has no booleans."""
    return np.dtype(np.uint8) if dtype == np.bool_ else dtype


def link_name(address: str) -> bytes:
    """The address as the name of a dataset, where a slash would begin a group."""
    return address.replace("%", "%25").replace("/", "%2F").encode()


def tensor_place(address: str) -> str:
    """The path of the dataset that holds a whole tensor, inside its trace."""
    return f"{TENSORS.decode()}/{link_name(address).decode()}"


def pack(index: dict[str, object]) -> bytes:
    """The index as bytes."""
    text = json.dumps(index, default=plain, separators=(",", ":")).encode()
    if len(text) > MAX_INDEX:
        raise ValueError(f"its index would take {len(text)} bytes, and {MAX_INDEX} are allowed: note less")
    _require_bounded(text)
    return zlib.compress(text, 6)


def unpack(data: bytes) -> dict[str, object]:
    """The index back from bytes; ValueError where it is none, or larger than any index may be."""
    inflater = zlib.decompressobj()
    text = inflater.decompress(data, MAX_INDEX)
    if not inflater.eof:
        raise ValueError("its index is cut short or beyond all bounds")
    index = parse(text)
    if not isinstance(index, dict):
        raise ValueError("its index is not an object")
    return index


def parse(text: bytes) -> Any:
    """Parse JSON whose number of values is bounded, and whose whole numbers fit into 64 bits or nearly so."""
    _require_bounded(text)
    return json.loads(text, parse_int=_integer if _LONG_NUMBER.search(text) else None)


def require_shallow(data: Any) -> Any:
    """The same data; ValueError if they are nested too deep for a reader."""
    level = [data]
    for _ in range(_DEEPEST):
        level = [inner for outer in level if isinstance(outer, (dict, list)) for inner in _inside(outer)]
        if not level:
            return data
    raise ValueError(f"its JSON is nested more than {_DEEPEST} deep")


def _inside(outer: dict[str, object] | list[Any]) -> Iterable[Any]:
    return outer.values() if isinstance(outer, dict) else outer


def _integer(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"its JSON holds a whole number of {len(text)} digits")
    return int(text)


def _require_bounded(text: bytes) -> None:
    if (found := sum(map(text.count, (b",", b"[", b"{")))) > _MAX_VALUES:
        raise ValueError(f"its JSON holds {found} values, and {_MAX_VALUES} are allowed")


def plain(value: Any) -> Any:
    """What JSON can express of a numpy scalar."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{value!r} cannot be written as JSON")
