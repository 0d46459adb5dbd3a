"""Reading a trace that this harness wrote."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from harness import address as addresses
from harness import seeded
from harness.errors import BadInput
from harness.numerics import Stats
from harness.older_python import strict_zip
from harness.trace import _format as fmt
from harness.trace._guarded import GuardedFile
from harness.trace._record import Noise, Record

_Array = NDArray[Any]
_T = TypeVar("_T")
_MAX_SAMPLES = 1 << 20


class OwnTrace:
    """The content of a trace in our own format."""

    upstream = False

    def __init__(self, file: GuardedFile, within: str = "") -> None:
        self._file, self._below = file, f"{within}/" if within else ""
        attributes = file.attributes(within)
        _check_version(file, attributes)
        self.complete = bool(attributes.get("complete"))
        index = fmt.unpack(self._table(fmt.INDEX).tobytes())
        self.header = fmt.require_shallow(_require(index.get("header"), dict, "header"))
        self.notes = fmt.require_shallow(_require(index.get("notes"), dict, "notes"))
        self._count = _require(index.get("samples"), int, "count of samples")
        if not 0 <= self._count <= _MAX_SAMPLES:
            raise ValueError(f"it claims {self._count} samples a tensor")
        self.records = _records(_require(index.get("records"), list, "records"))
        self._values: dict[str, _Array] = {}
        self._stored: dict[str, str] = {}  # what the file calls a record that has another name now
        own = [record for record in self.records.values() if record.alias is None]
        noisy = file.holds(f"{self._below}{fmt.NOISE.decode()}")
        if self._count:
            self._read_samples(own)
        if self._count or noisy:
            self._tell(own, self._read_stats(own), self._read_noise(own) if noisy else [None] * len(own))

    def whole(self, record: Record) -> _Array | None:
        """All elements of a tensor, where the file holds them."""
        if self._count:
            return self._values[record.address].reshape(record.shape) if record.size <= self._count else None
        place = self._below + fmt.tensor_place(self._stored.get(record.address, record.address))
        dtype = fmt.stored_as(np.dtype(record.dtype))
        with _as_indexed(record):
            values = self._file.tensor(place, dtype, record.shape)
        return values.view(np.bool_) if record.dtype == "bool" else values

    def samples(self, record: Record) -> tuple[_Array, _Array] | None:
        """Where the drawn elements of a tensor are, and they; None in a trace of whole tensors."""
        if not self._count:
            return None
        return seeded.sample_indices(record.address, record.size, self._count), self._values[record.address]

    def truth(self, address: str) -> _Array | None:
        """No trace of ours holds two runs."""
        return None

    def rename(self, names: Mapping[str, str]) -> None:
        """Call records by other names, in the same order; the file is left as it is."""
        self._stored |= {name: address for address, name in names.items()}
        records = [
            replace(
                record,
                address=names.get(record.address, record.address),
                alias=record.alias and names.get(record.alias, record.alias),
            )
            for record in self.records.values()
        ]
        self.records.clear()
        self.records.update((record.address, record) for record in records)

    def _table(self, name: bytes, size: int | None = None) -> _Array:
        values = self._file.array(self._below + name.decode())
        if values.ndim != 1 or (size is not None and values.shape != (size,)):
            raise ValueError(f"its {name.decode()} do not fit its records")
        return values

    def _read_samples(self, own: list[Record]) -> None:
        for dtype, name in fmt.DTYPES.items():
            sampled = [record for record in own if record.dtype == name]
            sizes = [min(record.size, self._count) for record in sampled]
            values = np.empty(0, dtype)
            if sum(sizes):
                values = self._file.array(f"{self._below}{fmt.SAMPLES.decode()}/{name}")
                values = values.view(np.bool_) if name == "bool" else values
            if values.dtype != dtype or values.shape != (sum(sizes),):
                raise ValueError(f"its {name} samples do not fit its records")
            ends = np.cumsum(sizes, dtype=np.int64).tolist()
            for record, end, size in strict_zip(sampled, ends, sizes):
                self._values[record.address] = values[end - size : end]

    def _read_stats(self, own: list[Record]) -> list[Stats | None]:
        if not self._count or not own:
            return [None] * len(own)
        rows = self._table(fmt.STATS, 5 * len(own)).reshape(5, -1).T.tolist()
        return [Stats(mean, std, absmax, l2, int(nonfinite)) for mean, std, absmax, l2, nonfinite in rows]

    def _read_noise(self, own: list[Record]) -> list[Noise | None]:
        rows = self._table(fmt.NOISE, 2 * len(own)).reshape(2, -1).T.tolist()
        for record, row in strict_zip(own, rows):
            if not (math.isnan(row[0]) or all(0 <= figure < math.inf for figure in row)):
                raise ValueError(f"the noise of {record.address} is {row}, and it should be two distances")
        return [None if math.isnan(row[0]) else Noise(*row) for row in rows]

    def _tell(self, own: list[Record], stats: list[Stats | None], noise: list[Noise | None]) -> None:
        """Give every record, and its aliases, the figures that the file has of its tensor."""
        known = dict(strict_zip((record.address for record in own), strict_zip(stats, noise)))
        for address, record in self.records.items():
            its_stats, its_noise = known[record.alias or address]
            self.records[address] = Record(
                address, record.shape, record.dtype, record.type, record.alias, its_stats, its_noise
            )


@contextlib.contextmanager
def _as_indexed(record: Record) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{record.address} is not what the index says: {error}") from error


def _check_version(file: GuardedFile, attributes: dict[str, Any]) -> None:
    version = _require(attributes.get("version"), int, "version")
    if version > fmt.VERSION:
        raise BadInput(
            f"{file.path} has version {version} of the trace format, and this harness reads versions up to "
            f"{fmt.VERSION}. Read it with a newer harness"
        )


def _records(entries: list[Any]) -> dict[str, Record]:
    records: list[Record] = []
    for entry in entries:
        address, type, shape, dtype, alias = _require(entry, list, "record")
        addresses.kind(_require(address, str, "address"))
        sizes = tuple(_require(size, int, "size") for size in _require(shape, list, "shape"))
        if min(sizes, default=0) < 0 or math.prod(sizes) > fmt.MOST_ELEMENTS:
            raise ValueError(f"{address} claims the shape {sizes}")
        if dtype not in fmt.DTYPES.values():
            raise ValueError(f"{address} claims the dtype {dtype}")
        source = None
        if alias is not None:
            if not 0 <= _require(alias, int, "alias") < len(records) or records[alias].alias is not None:
                raise ValueError(f"{address} is an alias of nothing")
            source = records[alias].address
        records.append(Record(address, sizes, dtype, _require(type, str, "type"), source))
    found = {record.address: record for record in records}
    if len(found) < len(records):
        raise ValueError("it holds two records of one address")
    return found


def _require(value: Any, kind: type[_T], what: str) -> _T:
    if type(value) is not kind:
        raise ValueError(f"its {what} is {str(value)[:40]!r}")
    return value
