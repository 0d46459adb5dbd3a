"""Reading HDF5 files that may be damaged or hostile.

Nothing outside the file is followed, nothing is allocated that the file does not hold, and whatever HDF5
stumbles over becomes a BadInput.
"""

from __future__ import annotations

import contextlib
import math
import mmap
import os
import re
import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from h5py import h5a, h5d, h5f, h5g, h5l, h5o, h5s, h5t, h5z
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.huge_pages import Mapped

_HEAP = b"GCOL\x01\0\0\0"
_EIGHT_BYTES = struct.Struct("<Q")
_DAMAGE = (
    *(OSError, RuntimeError, ValueError, LookupError, TypeError),
    *(AttributeError, ArithmeticError, MemoryError, struct.error, zlib.error),
)
_SMALL = 1 << 20
_LARGE = 1 << 18
_MAX_MEMBERS = 1 << 17
_MAX_ATTRIBUTE = 1 << 16
_MAX_DEFLATION = 1100  # deflate reaches 1032 at most


@contextlib.contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn what damaged bytes lead to into a BadInput."""
    try:
        yield
    except _DAMAGE as error:
        detail = str(error) or type(error).__name__
        raise BadInput(f"{path} is damaged or no trace: {detail}. Record or copy it again") from error


class GuardedFile:
    """An HDF5 file open for reading."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise BadInput(f"there is no file {path}")
        if not os.access(path, os.R_OK):
            raise BadInput(f"{path} may not be read by this user")
        if not h5f.is_hdf5(str(path).encode()):
            raise BadInput(f"{path} is not a trace of a run: it is no HDF5 file")
        with refusing(path):
            with path.open("rb") as file:
                self._memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                self._mapping = Mapped(file.fileno(), len(self._memory))
            self._heaps_checked = False
            self.root = h5f.open(str(path).encode(), h5f.ACC_RDONLY)

    def close(self) -> None:
        """Close the file; mapped arrays stay valid."""
        self.root.close()

    def child(self, group: Any, name: str) -> Any:
        """The group or dataset called `name`, or None; refuses links that lead elsewhere."""
        encoded = name.encode()
        return h5o.open(group, encoded) if _has(group, encoded) else None

    def group(self, name: str) -> Any:
        """The group called `name` at the top, or None."""
        found = self.child(self.root, name)
        return found if isinstance(found, h5g.GroupID) else None

    def names(self, group: Any) -> list[str]:
        """The names in a group, numbers inside them in their own order."""
        if group.get_num_objs() > _MAX_MEMBERS:
            raise ValueError("it holds more objects than any trace")
        return sorted((name.decode() for name in group), key=_natural)

    def attributes(self, thing: Any) -> dict[str, Any]:
        """The attributes of a group or dataset as plain Python values."""
        return dict(self._attribute(thing, index) for index in range(h5a.get_num_attrs(thing)))

    def _attribute(self, thing: Any, index: int) -> tuple[str, Any]:
        attribute = h5a.open(thing, index=index)
        name, shape, kind = attribute.name.decode(), attribute.shape, attribute.get_type()
        if shape is None or math.prod(shape) * kind.get_size() > _MAX_ATTRIBUTE:
            raise ValueError(f"its attribute {name!r} is larger than any trace's")
        if kind.get_class() == h5t.STRING and not kind.is_variable_str():
            text = np.empty((), attribute.dtype)
            attribute.read(text)
            return name, _plain(text[()])
        if kind.get_class() not in (h5t.INTEGER, h5t.FLOAT):
            self._check_heaps()
            return name, _plain(h5py.Group(thing).attrs[name])
        values = np.empty(shape, attribute.dtype)
        attribute.read(values)
        return name, values.tolist()

    def _check_heaps(self) -> None:
        """Walk through the heaps that hold texts, in which HDF5 can go round in circles for ever."""
        if self._heaps_checked:
            return
        start = self._memory.find(_HEAP)
        while start >= 0:
            end = start + _EIGHT_BYTES.unpack_from(self._memory, start + 8)[0]
            place = start + 16
            while place + 16 <= end <= len(self._memory):
                size = _EIGHT_BYTES.unpack_from(self._memory, place + 8)[0]
                used = self._memory[place : place + 2] != b"\0\0"
                step = 16 + (size + 7) // 8 * 8 if used else size
                place += step if step >= 16 else len(self._memory)
            if place > end or end > len(self._memory):
                raise ValueError("the heap of its texts is damaged")
            start = self._memory.find(_HEAP, start + 1)
        self._heaps_checked = True

    def text(self, dataset: Any) -> bytes:
        """A dataset that is one string."""
        if not isinstance(dataset, h5d.DatasetID) or dataset.shape != ():
            raise ValueError("what should be a text is none")
        self._check_heaps()
        value = h5py.Dataset(dataset)[()]
        return value if isinstance(value, bytes) else str(value).encode()

    def array(self, dataset: Any) -> NDArray[Any]:
        """The elements of a dataset: mapped from the file where they lie there as they are, else read."""
        if not isinstance(dataset, h5d.DatasetID):
            raise ValueError("what should be a dataset is none")
        dtype, shape = dataset.dtype, dataset.shape
        if dtype.kind not in "fiub" or dtype.itemsize > 8 or shape is None:
            raise ValueError(f"a dataset is of type {dtype}")
        count = math.prod(shape)
        layout = dataset.get_create_plist()
        if layout.get_layout() == h5d.CONTIGUOUS and (offset := dataset.get_offset()) is not None:
            return self.mapped(offset, dtype, count).reshape(shape)
        _require_credible(dataset, layout, count * dtype.itemsize)
        values = np.empty(shape, dtype)
        if count:
            dataset.read(h5s.ALL, h5s.ALL, values)
        return values

    def place(self, group: Any, name: bytes, dtype: np.dtype[Any], shape: tuple[int, ...]) -> int | None:
        """Where the elements of a dataset lie in the file; None where they are not just of that kind."""
        if not _has(group, name):
            raise ValueError(f"there is no {name.decode()!r}")
        dataset = h5d.open(group, name)
        plain = (
            dataset.get_storage_size() == math.prod(shape) * dtype.itemsize
            and dataset.get_space().get_simple_extent_dims() == shape
            and dataset.get_type().equal(_type(dtype))
        )
        return dataset.get_offset() if plain else None

    def tensor(self, group: Any, name: bytes, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        """The elements of a dataset that has to be of this dtype and shape."""
        values = self.array(h5d.open(group, name))
        if values.shape != shape or values.dtype != dtype:
            raise ValueError(f"a dataset holds {values.dtype} {values.shape} instead of {dtype} {shape}")
        return values

    def mapped(self, offset: int, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
        """Elements that lie at a place of the file as they are."""
        if (size := count * dtype.itemsize) >= _LARGE:
            self._mapping.fetch(offset, size)
        values = np.frombuffer(self._mapping.bytes, dtype, count, offset)
        return values if values.flags.aligned else values.copy()


def _has(group: Any, name: bytes) -> bool:
    """Whether a group holds something of that name; refuses links that lead elsewhere."""
    links = group.links
    if not links.exists(name):
        return False
    if links.get_info(name).type != h5l.TYPE_HARD:
        raise ValueError(f"{name.decode()!r} is a link to somewhere else")
    return True


@lru_cache(maxsize=32)
def _type(dtype: np.dtype[Any]) -> Any:
    return h5t.py_create(dtype)


def _require_credible(dataset: Any, layout: Any, size: int) -> None:
    """Refuse a dataset that claims more than the file can hold, or that needs anything unusual to be read."""
    if layout.get_external_count() or layout.get_layout() == h5d.VIRTUAL:
        raise ValueError("a dataset lies in another file")
    filters = [layout.get_filter(i)[0] for i in range(layout.get_nfilters())]
    known = {h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32}
    if not known.issuperset(filters) or filters.count(h5z.FILTER_DEFLATE) > 1:
        raise ValueError("a dataset is packed in a way that traces are not")
    if size > _SMALL + _MAX_DEFLATION * dataset.get_storage_size():
        raise ValueError(f"a dataset claims {size} bytes that the file does not hold")
    if layout.get_layout() == h5d.CHUNKED:
        chunk = math.prod(layout.get_chunk()) * dataset.dtype.itemsize
        if chunk > max(size, _SMALL):
            raise ValueError("a dataset is packed in chunks larger than itself")


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that puts 10 after 9."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.decode(errors="replace") if isinstance(value, bytes) else value
