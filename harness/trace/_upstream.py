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
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from h5py import h5d, h5g
from numpy.typing import NDArray

from harness import address as addresses
from harness.numerics import Stats
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
    return "mode" in attributes and any(file.group(name) for name in ("outputs", "loss"))


class UpstreamTrace:
    """The content of an upstream trace."""

    upstream = True
    complete = True

    def __init__(self, file: GuardedFile, attributes: dict[str, Any]) -> None:
        self._file = file
        self.header = {"side": "torch", "dtype": "float32", **attributes}
        self.records: dict[str, Record] = {}
        self.notes: dict[str, Any] = {}
        self._places: dict[str, Any] = {}
        for address, place in self._members():
            self._add(address, place)
        for table, kind in _TABLES.items():
            if (place := file.child(file.root, table)) is not None:
                self._add_table(kind, fmt.parse(file.text(place)))
        self._read_state()

    def _members(self) -> Iterator[tuple[str, Any]]:
        for name, place in self._children("inputs"):
            yield f"input:{name}", place
        for path, module in self._children("modules"):
            for call in self._file.names(module):
                yield addresses.layer(path, int(call), "out"), self._file.child(module, call)
        for group, kind in _KINDS.items():
            for name, place in self._children(group):
                if group == "outputs" and name.startswith(_AFTER):
                    yield f"state:{name.removeprefix(_AFTER)}", place
                else:
                    yield f"{kind}:{name}", place

    def _children(self, name: str) -> Iterator[tuple[str, Any]]:
        if (group := self._file.group(name)) is not None:
            for child in self._file.names(group):
                yield child, self._file.child(group, child)

    def _add(self, address: str, place: Any) -> None:
        stats, type = None, ""
        if isinstance(place, h5g.GroupID):
            told = self._file.attributes(place)
            shape, stats, type = tuple(told["shape"]), _stats(told), told.get("type", "")
            dtype = fmt.DTYPES[self._file.child(place, "value").dtype]
            if "noise_rel_l2" in told:
                self.notes.setdefault("noise_rel_l2", {})[address] = told["noise_rel_l2"]
        else:
            shape, dtype = place.shape, fmt.DTYPES[place.dtype]
        self._places[address] = place
        self.records[address] = Record(address, shape, dtype, type, stats=stats)

    def _add_table(self, kind: str, table: dict[str, list[Any]]) -> None:
        for name, (shape, mean, std, absmax, l2) in table.items():
            stats = Stats(float(mean), float(std), float(absmax), float(l2), nonfinite=0)
            address = f"{kind}:{name}"
            self.records[address] = Record(address, tuple(map(int, shape)), "float32", stats=stats)

    def _read_state(self) -> None:
        group = self._file.group("state")
        table = self._file.child(group, "table") if group is not None else None
        if table is not None:
            self.notes["state"] = fmt.parse(self._file.text(table))

    def drop_prefix(self, prefix: str) -> None:
        """Take a prefix off the names of layers and of gradients."""
        noise = self.notes.get("noise_rel_l2", {})
        for address in list(self.records):
            kind, _, name = address.partition(":")
            plain = f"{kind}:{name.removeprefix(prefix)}" if kind in ("layer", "grad") else address
            self.records[plain] = replace(self.records.pop(address), address=plain)
            for told in (self._places, noise):
                if address in told:
                    told[plain] = told.pop(address)

    def whole(self, record: Record) -> _Array | None:
        """All elements of a tensor, where the file holds them."""
        place = self._places.get(record.address)
        return self._file.array(place) if isinstance(place, h5d.DatasetID) else None

    def samples(self, record: Record) -> tuple[_Array, _Array] | None:
        """Where the stored elements of a tensor are, and they; None for a whole one.

        There are no elements where the file has statistics alone.
        """
        place = self._places.get(record.address)
        if isinstance(place, h5d.DatasetID):
            return None
        if place is None:
            return np.empty(0, np.int64), np.empty(0, record.dtype)
        index, values = (self._file.array(self._file.child(place, name)) for name in ("index", "value"))
        index = index.astype(np.int64)
        if index.shape != values.shape or index.ndim != 1 or not _within(index, math.prod(record.shape)):
            raise ValueError(f"the samples of {record.address} do not fit its shape")
        return index, values

    def truth(self, address: str) -> _Array | None:
        """The float64 run of an output or loss."""
        kind, _, name = address.partition(":")
        if kind not in _TRUTHS or (group := self._file.group(_TRUTHS[kind])) is None:
            return None
        place = self._file.child(group, name)
        return None if place is None else self._file.array(place)


def _stats(told: dict[str, Any]) -> Stats:
    mean, std, absmax, l2 = (float(told[name]) for name in ("mean", "std", "absmax", "l2"))
    return Stats(mean, std, absmax, l2, nonfinite=0)


def _within(index: _Array, size: int) -> bool:
    return not index.size or (index.min() >= 0 and index.max() < size)
