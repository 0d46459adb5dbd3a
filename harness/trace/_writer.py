"""Writing a trace while the model runs."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import seeded
from harness.errors import HarnessError
from harness.huge_pages import Room
from harness.numerics import Stats, statistics
from harness.trace import _format as fmt
from harness.trace import _hdf5 as hdf5
from harness.trace._format import TensorForm
from harness.trace._record import Noise, Record

_Array = NDArray[Any]


class TraceWriter:
    """Streams tensors into a trace; the file takes its final name when it is closed.

    Where it is known what will come, a `plan` says so: then there is a place for every tensor before the
    first one comes. What comes otherwise than planned is written all the same.

    After an exception inside `with` the file stays as NAME.partial, which opens as an incomplete trace.
    Where the file system refuses to take more, nothing stays.
    """

    def __init__(
        self,
        path: str | Path,
        header: dict[str, object],
        *,
        compact: bool = False,
        samples: int = seeded.SAMPLES,
        plan: Mapping[str, TensorForm] | None = None,
    ) -> None:
        self.path = Path(path)
        self.partial = self.path.with_name(self.path.name + ".partial")
        self.header = {**header, "format": fmt.FORMAT, "version": fmt.VERSION}
        json.dumps(self.header, default=fmt.plain)
        self._samples = samples if compact else 0
        self._records: dict[str, Record] = {}
        self._notes: dict[str, object] = {}
        self._stats: list[Stats] = []
        self._values: dict[str, list[_Array]] = defaultdict(list)
        self._planned: dict[str, tuple[TensorForm, Any]] = {}
        self._room = Room(self.partial, 0)
        self._file: Any = None
        with self._writing():
            self._file = hdf5.create(self.partial)
            hdf5.write_attribute(self._file, b"format", fmt.FORMAT)
            hdf5.write_attribute(self._file, b"version", fmt.VERSION)
            self._tensors = hdf5.create_group(self._file, fmt.TENSORS)
            self._plan({} if compact or plan is None else plan)

    def _plan(self, plan: Mapping[str, TensorForm]) -> None:
        """Make all datasets at once: one by one, between a model's steps, takes four times as long."""
        for address, form in plan.items():
            if form.dtype in fmt.DTYPES:
                self._planned[address] = form, hdf5.dataset(self._tensors, fmt.link_name(address), form)
        ends = (hdf5.place(dataset) + form.bytes for form, dataset in self._planned.values())
        self._room = Room(self.partial, max(ends, default=0))

    def add(self, address: str, array: _Array, type: str = "") -> None:
        """Record a tensor: whole, or in a compact trace its statistics and samples."""
        self._require_new(address)
        array = np.asarray(array, order="C")
        dtype = fmt.DTYPES.get(array.dtype)
        if dtype is None:
            if not array.dtype.isnative:
                return self.add(address, array.astype(array.dtype.newbyteorder("=")), type)
            raise HarnessError(f"cannot record {address}: a trace holds no tensors of dtype {array.dtype}")
        if self._samples:
            index = seeded.sample_indices(address, array.size, self._samples)
            self._values[dtype].append(array.reshape(-1)[index])
            self._stats.append(statistics(array))
        else:
            with self._writing():
                dataset = self._dataset(address, TensorForm(array.shape, array.dtype))
                hdf5.write(self._file, dataset, array, self._room)
        self._records[address] = Record(address, array.shape, dtype, type)
        return None

    def _dataset(self, address: str, form: TensorForm) -> Any:
        if address in self._planned:
            planned, dataset = self._planned.pop(address)
            if planned == form:
                return dataset
            self._tensors.unlink(fmt.link_name(address))
        return hdf5.dataset(self._tensors, fmt.link_name(address), form)

    def alias(self, address: str, of: str, type: str = "") -> None:
        """Record that `address` is the very tensor recorded at `of`."""
        self._require_new(address)
        if of not in self._records:
            raise ValueError(f"{address} cannot be another name of {of}, which is not recorded")
        source = self._records[of]
        self._records[address] = Record(address, source.shape, source.dtype, type, alias=source.alias or of)

    def _require_new(self, address: str) -> None:
        if self._file is None:
            raise ValueError(f"cannot record {address}: {self.path} is closed")
        if address in self._records:
            raise ValueError(f"{address} is recorded already")

    def note(self, key: str, value: Any) -> None:
        """Keep something that JSON can express."""
        json.dumps(value, default=fmt.plain)
        self._notes[key] = value

    def set_noise(self, address: str, noise: Noise) -> None:
        """Set the noise of a record of a truth."""
        self._records[address] = self._records[address].with_noise(noise)

    def close(self) -> None:
        """Finish the file and give it its name."""
        if self._file is None:
            return
        with self._writing():
            self._write_rest()
            hdf5.write_attribute(self._file, b"complete", 1)
            self._close_file()
            self.partial.replace(self.path)

    def abort(self) -> None:
        """Stop here: keep what was recorded as NAME.partial, marked incomplete."""
        if self._file is not None:
            with self._writing():
                self._write_rest()
                self._close_file()

    def _write_rest(self) -> None:
        while self._planned:  # and never came
            self._tensors.unlink(fmt.link_name(self._planned.popitem()[0]))
        own = [record for record in self._records.values() if record.alias is None]
        if self._samples and own:
            table = np.array([(s.mean, s.std, s.absmax, s.l2, s.nonfinite) for s in self._stats])
            hdf5.write_packed(self._file, fmt.STATS, table.T.reshape(-1))
            group = hdf5.create_group(self._file, fmt.SAMPLES)
            for dtype, values in self._values.items():
                if (joined := np.concatenate(values)).size:
                    hdf5.write_packed(group, dtype.encode(), joined)
        if any(record.noise for record in own):
            none = Noise(np.nan, np.nan)
            noise = np.array([(n.l2, n.max) for n in (record.noise or none for record in own)])
            hdf5.write_packed(self._file, fmt.NOISE, noise.T.reshape(-1))
        index = np.frombuffer(self._index(), np.uint8)
        hdf5.write(
            self._file, hdf5.dataset(self._file, fmt.INDEX, TensorForm(index.shape, index.dtype)), index
        )

    def _index(self) -> bytes:
        place = {address: number for number, address in enumerate(self._records)}
        records = [
            [record.address, record.type, record.shape, record.dtype, record.alias and place[record.alias]]
            for record in self._records.values()
        ]
        index = {"header": self.header, "notes": self._notes, "samples": self._samples, "records": records}
        return fmt.pack(index)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except hdf5.ERRORS as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> HarnessError:
        """Leave no half file, and say where and why."""
        left = _free_space(self.path)
        if self._file is not None:
            self._room.close()
            hdf5.give_up(self._file, self.partial)
            self._file = None
        return HarnessError(f"cannot write {self.path}: {_reason(error)}{left}")

    def _close_file(self) -> None:
        self._room.close()
        hdf5.close(self._file)
        self._file = None

    def __enter__(self) -> TraceWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            with contextlib.suppress(HarnessError):  # the error on its way says more
                self.abort()


def _reason(error: Exception) -> str:
    """What the system said, out of the many words of HDF5."""
    if said := re.search(r"error message = '([^']+)'", str(error)):
        return said[1]
    reason = error.strerror if isinstance(error, OSError) else None
    return (reason or str(error)).partition("\n")[0]


def _free_space(path: Path) -> str:
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError:
        return ""
    return f", with {free / 1e6:,.1f} MB free there. Free some space or choose another folder"
