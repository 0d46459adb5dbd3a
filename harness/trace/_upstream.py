"""Reading a trace that was recorded from the upstream code of a model.

    attributes              model, variant, case, mode, seed, repo, commit
    inputs/NAME             input:NAME
    modules/PATH/CALL       layer:PATH#CALL:out, samples
    outputs/KEY             output:KEY, whole or samples      outputs64/KEY  its float64 run
    outputs/after.KEY       state:KEY, the state once the run has changed it
    loss/NAME               loss:NAME                         loss64/NAME    its float64 run
    grads/PARAM             grad:PARAM, samples               grads_table    all of them, statistics alone
    buffers_after, deployed, params, deployed_table           state:KEY, samples or statistics alone
    state/table             notes["state"]
    attribute noise_rel_l2  notes["noise_rel_l2"], of gradients; -1 where the true one is zero

The order of execution is not stored: layers come in the order of their names.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import address as addresses
from harness.hdf5.listing import Dataset
from harness.numerics import Stats
from harness.older_python import without_prefix
from harness.trace import _format as fmt
from harness.trace._guarded import GuardedFile
from harness.trace._record import Record

_Array = NDArray[Any]
_KINDS = {
    "outputs": "output",
    "loss": "loss",
    "grads": "grad",
    "buffers_after": "state",
    "deployed": "state",
    "params": "state",
}
_AFTER = "after."
_TABLES = {"grads_table": "grad", "deployed_table": "state"}
_TRUTHS = {"output": "outputs64", "loss": "loss64"}


def is_upstream(file: GuardedFile, attributes: dict[str, Any]) -> bool:
    """Whether a file is the trace of one run of an upstream model."""
    return "mode" in attributes and any(file.group(name) is not None for name in ("outputs", "loss"))


class UpstreamTrace:
    """The content of an upstream trace."""

    upstream = True
    complete = True

    def __init__(self, file: GuardedFile, attributes: dict[str, Any]) -> None:
        self._file = file
        self.header = {"side": "torch", "dtype": "float32", **attributes}
        self.records: dict[str, Record] = {}
        self.notes: dict[str, Any] = {}
        self._places: dict[str, str] = {}
        for address, place in self._members():
            self._add(address, place)
        for table, kind in _TABLES.items():
            if file.holds(table):
                self._add_table(kind, fmt.parse(file.text(table)))
        self._read_state()

    def _members(self) -> Iterator[tuple[str, str]]:
        for name, place in self._children("inputs"):
            yield f"input:{name}", place
        for path, module in self._children("modules"):
            for call in self._file.names(module):
                yield addresses.layer(path, int(call), "out"), f"{module}/{call}"
        for group, kind in _KINDS.items():
            for name, place in self._children(group):
                if group == "outputs" and name.startswith(_AFTER):
                    yield f"state:{without_prefix(name, _AFTER)}", place
                else:
                    yield f"{kind}:{name}", place

    def _children(self, name: str) -> Iterator[tuple[str, str]]:
        if self._file.group(name) is not None:
            for child in self._file.names(name):
                yield child, f"{name}/{child}"

    def _add(self, address: str, place: str) -> None:
        stats, type = None, ""
        if self._file.group(place) is not None:
            attributes = self._file.attributes(place)
            shape, stats, type = (
                _shape(attributes["shape"]),
                _stats(attributes),
                str(attributes.get("type", "")),
            )
            dtype = self._dtype(f"{place}/value")
            if "noise_rel_l2" in attributes:
                self.notes.setdefault("noise_rel_l2", {})[address] = float(attributes["noise_rel_l2"])
        else:
            shape, dtype = self._dataset(place).shape or (), self._dtype(place)
        self._places[address] = place
        self.records[address] = Record(address, shape, dtype, type, stats=stats)

    def _dataset(self, place: str) -> Dataset:
        if (dataset := self._file.dataset(place)) is None:
            raise ValueError(f"there is no dataset {place!r}")
        return dataset

    def _dtype(self, place: str) -> str:
        code = self._dataset(place).dtype
        for dtype, name in fmt.DTYPES.items():
            if dtype.str == code:
                return name
        raise ValueError(f"{place!r} is of type {code}")

    def _add_table(self, kind: str, table: dict[str, list[Any]]) -> None:
        for name, (shape, mean, std, absmax, l2) in table.items():
            stats = Stats(float(mean), float(std), float(absmax), float(l2), nonfinite=0)
            address = f"{kind}:{name}"
            self.records[address] = Record(address, _shape(shape), "float32", stats=stats)

    def _read_state(self) -> None:
        if self._file.holds("state/table"):
            self.notes["state"] = fmt.require_shallow(fmt.parse(self._file.text("state/table")))

    def drop_prefix(self, prefix: str) -> None:
        """Take a prefix off the names of layers and of gradients."""
        noise = self.notes.get("noise_rel_l2", {})
        for address in list(self.records):
            kind, _, name = address.partition(":")
            plain = f"{kind}:{without_prefix(name, prefix)}" if kind in ("layer", "grad") else address
            self.records[plain] = replace(self.records.pop(address), address=plain)
            for places in (self._places, noise):
                if address in places:
                    places[plain] = places.pop(address)

    def rename_outputs(self, names: Mapping[str, str]) -> None:
        """Call outputs by other names; the file holds those that are not named of another run."""
        for address in [address for address in self.records if address.startswith("output:")]:
            record, place = self.records.pop(address), self._places.pop(address)
            if (name := names.get(address.partition(":")[2])) is not None:
                plain = f"output:{name}"
                self.records[plain], self._places[plain] = replace(record, address=plain), place

    def whole(self, record: Record) -> _Array | None:
        """All elements of a tensor, where the file holds them."""
        place = self._places.get(record.address)
        return self._file.array(place) if place is not None and self._file.group(place) is None else None

    def samples(self, record: Record) -> tuple[_Array, _Array] | None:
        """Where the stored elements of a tensor are, and they; None for a whole one.

        There are no elements where the file has statistics alone.
        """
        place = self._places.get(record.address)
        if place is None:
            return np.empty(0, np.int64), np.empty(0, record.dtype)
        if self._file.group(place) is None:
            return None
        index, values = (self._file.array(f"{place}/{name}") for name in ("index", "value"))
        index = index.astype(np.int64)
        if index.shape != values.shape or index.ndim != 1 or not _within(index, math.prod(record.shape)):
            raise ValueError(f"the samples of {record.address} do not fit its shape")
        return index, values

    def truth(self, address: str) -> _Array | None:
        """The float64 run of an output or loss."""
        kind, _, name = address.partition(":")
        if kind not in _TRUTHS or self._file.dataset(place := f"{_TRUTHS[kind]}/{name}") is None:
            return None
        return self._file.array(place)


def _shape(sides: Any) -> tuple[int, ...]:
    """A shape that a tensor can have."""
    if not isinstance(sides, list):
        raise ValueError(f"a shape is {str(sides)[:40]!r}")
    if any(type(size) is not int or size < 0 for size in sides) or math.prod(sides) > fmt.MOST_ELEMENTS:
        raise ValueError(f"a shape is {str(sides)[:40]}")
    return tuple(sides)


def _stats(attributes: dict[str, Any]) -> Stats:
    mean, std, absmax, l2 = (float(attributes[name]) for name in ("mean", "std", "absmax", "l2"))
    return Stats(mean, std, absmax, l2, nonfinite=0)


def _within(index: _Array, size: int) -> bool:
    return not index.size or (index.min() >= 0 and index.max() < size)
