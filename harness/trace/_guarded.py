"""Reading HDF5 files that may be damaged or hostile, or change while they are read.

A trace in the scratch folder of a run of our own is listed here and mapped. Any other is listed by a process
that may be lost, and its elements are copied: to touch a mapped file that somebody cuts short ends a process.
Nothing is allocated that the file does not hold, and whatever is wrong becomes a BadInput.
"""

from __future__ import annotations

import contextlib
import os
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.hdf5.asking import ask, list_here
from harness.hdf5.listing import TEXT, Dataset, HdfGroup
from harness.huge_pages import Mapped
from harness.regular_file import open_regular, require_same, require_unchanged, version
from harness.scratch import is_of_living_run

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_FIRST_USER_BLOCK = 512
_DAMAGE = (
    *(OSError, RuntimeError, ValueError, LookupError, TypeError),
    *(AttributeError, ArithmeticError, MemoryError, struct.error, zlib.error),
)
_LARGE = 1 << 18
_MOST_MEMBERS = 1 << 17


@contextlib.contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn what damaged bytes lead to into a BadInput."""
    try:
        yield
    except _DAMAGE as error:
        detail = " ".join(str(error).split()) or type(error).__name__
        raise BadInput(f"{path} is damaged or no trace: {detail}. Record or copy it again") from error


class GuardedFile:
    """An HDF5 file open for reading. Groups and datasets are named by their paths; "" is the root."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = open_regular(path)
        try:
            self._version = version(self._file)
            self._size = self._version.size
            if not _is_hdf5(self._file, self._size):
                raise BadInput(f"{path} is not a trace of a run: it is no HDF5 file")
            with refusing(path):
                self._read_contents()
        except BaseException:
            self.close()
            raise

    def _read_contents(self) -> None:
        self._mapping: Mapped | None = None
        if is_of_living_run(self.path):
            self._mapping = Mapped(self._file, self._size)
            self._contents, self._unpacked = list_here(self.path, self._size)
        else:
            self._contents, self._unpacked = ask(self.path, self._size)
            require_unchanged(self.path, self._version)
        self._links = frozenset(self._contents.links)
        self._members: dict[str, list[str]] = {}
        for place in (*self._contents.groups, *self._contents.datasets, *self._links):
            if place:
                group, _, name = place.rpartition("/")
                self._members.setdefault(group, []).append(name)

    def release(self) -> None:
        """Give back the memory of what was read so far; arrays stay valid."""
        if self._mapping is not None:
            self._mapping.release()

    def close(self) -> None:
        """Close the file; arrays stay valid."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def group(self, place: str) -> HdfGroup | None:
        """The group at that place, or None; refuses links that lead elsewhere."""
        self._require_no_link(place)
        return self._contents.groups.get(place)

    def dataset(self, place: str) -> Dataset | None:
        """The dataset at that place, or None; refuses links that lead elsewhere."""
        self._require_no_link(place)
        return self._contents.datasets.get(place)

    def holds(self, place: str) -> bool:
        """Whether there is a group or dataset at that place."""
        return self.group(place) is not None or self.dataset(place) is not None

    def names(self, group: str) -> list[str]:
        """The names in a group, numbers inside them in their own order."""
        found = self._members.get(group, [])
        if len(found) > _MOST_MEMBERS:
            raise ValueError("it holds more objects than any trace")
        return sorted(found, key=_natural)

    def attributes(self, place: str) -> dict[str, Any]:
        """The attributes of a group as plain Python values."""
        group = self._contents.groups[place]
        if group.unread:
            raise ValueError(f"its attribute {group.unread[0]!r} is larger than any trace's, or empty")
        return group.attributes

    def text(self, place: str) -> bytes:
        """A dataset that is one text."""
        dataset = self.dataset(place)
        if dataset is None or dataset.dtype != TEXT or dataset.shape != ():
            raise ValueError(f"{place!r} should be a text and is none")
        return self._elements(dataset, np.dtype(np.uint8)).tobytes()

    def array(self, place: str) -> NDArray[Any]:
        """The elements of a dataset."""
        dataset = self.dataset(place)
        if dataset is None:
            raise ValueError(f"there is no dataset {place!r}")
        if dataset.shape is None or not dataset.is_numbers:
            raise ValueError(f"{place!r} holds {dataset.dtype}")
        dtype = np.dtype(dataset.dtype)
        if dtype.kind not in "fiub" or dtype.itemsize > 8:
            raise ValueError(f"{place!r} is of type {dtype}")
        if dataset.odd:
            raise ValueError(f"{place!r} is no part of a trace: {dataset.odd}")
        return self._elements(dataset, dtype).reshape(dataset.shape)

    def tensor(self, place: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        """The elements of a dataset that has to be of this dtype and shape."""
        dataset = self.dataset(place)
        if dataset is not None and (dataset.dtype, dataset.shape) != (dtype.str, shape):
            raise ValueError(f"a dataset holds {dataset.dtype} {dataset.shape} instead of {dtype} {shape}")
        return self.array(place)

    def _elements(self, dataset: Dataset, dtype: np.dtype[Any]) -> NDArray[Any]:
        size = len(self._unpacked) if dataset.spilled else self._size
        if not 0 <= dataset.place <= dataset.place + dataset.nbytes <= size:
            raise ValueError(f"elements should lie at byte {dataset.place:,}, and it ends at {size:,}")
        if dataset.spilled:
            return _viewed(self._unpacked, dataset, dtype)
        if self._mapping is None:
            return self._copied(dataset, dtype)
        if dataset.nbytes >= _LARGE:
            self._mapping.fetch(dataset.place, dataset.nbytes)
        return _viewed(self._mapping.bytes, dataset, dtype)

    def _copied(self, dataset: Dataset, dtype: np.dtype[Any]) -> NDArray[Any]:
        values = np.empty(dataset.nbytes // dtype.itemsize, dtype)
        rest, place = values.view(np.uint8).data, dataset.place
        while rest and (count := os.preadv(self._file, [rest], place)):
            rest, place = rest[count:], place + count
        require_same(self.path, self._version, version(self._file))
        values.flags.writeable = False
        return values

    def _require_no_link(self, place: str) -> None:
        if place in self._links:
            raise ValueError(f"{place!r} is a link to somewhere else")


def _viewed(memory: memoryview, dataset: Dataset, dtype: np.dtype[Any]) -> NDArray[Any]:
    values = np.frombuffer(memory, dtype, dataset.nbytes // dtype.itemsize, dataset.place)
    return values if values.flags.aligned else values.copy()


def _is_hdf5(file: int, size: int) -> bool:
    """Whether the signature stands where HDF5 looks for it: at the start, or behind a user's block."""
    place = 0
    while place < size:
        if os.pread(file, len(_SIGNATURE), place) == _SIGNATURE:
            return True
        place = place * 2 or _FIRST_USER_BLOCK
    return False


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that puts 10 after 9."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]
