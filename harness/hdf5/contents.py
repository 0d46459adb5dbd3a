"""What an HDF5 file holds: every group and dataset, and where in the file each dataset's elements lie.

Links to other files are never followed. What lies in pieces is copied to `scratch`, one after the other. The
HDF5 library can crash, hang and take any memory on a bad file, so strangers' files are listed by `reader`.
"""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np
from h5py import h5a, h5d, h5f, h5g, h5l, h5o, h5t, h5z

from harness.hdf5.listing import TEXT, Contents, Dataset, HdfGroup, is_code

_MOST_MEMBERS = 200_000
_MOST_TEXT = 16 << 20
_LARGEST_ATTRIBUTE = 1 << 16
_LARGEST_CHUNK = 64 << 20
_PIECE = 8 << 20
_SMALL = 1 << 20
_MOST_DEFLATION = 1100  # deflate reaches 1032 at most
_USUAL_FILTERS = {h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32}


def list_file(path: Path, scratch: BinaryIO, allowed: int) -> Contents:
    """List a file; what lies in pieces goes to the scratch file, `allowed` bytes at most."""
    file = h5f.open(bytes(path), h5f.ACC_RDONLY)
    try:
        walk = _Walk(scratch, allowed)
        walk.all_of(file)
        return walk.found
    finally:
        file.close()


class _Walk:
    """Goes through a file, each group once."""

    def __init__(self, scratch: BinaryIO, allowed: int) -> None:
        self.found = Contents()
        self._scratch, self._left = scratch, allowed
        self._text_left = _MOST_TEXT
        self._walked: set[tuple[int, int]] = set()
        self._types: dict[bytes, str] = {}

    def all_of(self, root: Any) -> None:
        pending = [(h5g.open(root, b"/"), "")]
        while pending:
            group, path = pending.pop()
            info = h5o.get_info(group)
            if (info.fileno, info.addr) in self._walked:
                continue
            self._walked.add((info.fileno, info.addr))
            if group.get_num_objs() > _MOST_MEMBERS:
                raise ValueError(f"a group of more than {_MOST_MEMBERS:,} members")
            self.found.groups[path] = self._attributes(group)
            inner = [entered for name in group if (entered := self._enter(group, name, path))]
            pending.extend(reversed(inner))

    def _enter(self, group: Any, name: bytes, path: str) -> tuple[Any, str] | None:
        """List one member; a group is handed back, to be walked through."""
        below = f"{path}/" if path else ""
        place = below + name.decode("utf-8", "surrogateescape")
        if len(self.found.datasets) + len(self.found.groups) + len(self.found.links) > _MOST_MEMBERS:
            raise ValueError(f"more than {_MOST_MEMBERS:,} groups and datasets")
        if group.links.get_info(name).type != h5l.TYPE_HARD:
            self.found.links.append(place)
            return None
        member = h5o.open(group, name)
        if isinstance(member, h5g.GroupID):
            return member, place
        if isinstance(member, h5d.DatasetID):
            self.found.datasets[place] = self._dataset(place, member)
        return None

    def _attributes(self, group: Any) -> HdfGroup:
        attributes: dict[str, object] = {}
        unread = []
        for index in range(h5a.get_num_attrs(group)):
            attribute = h5a.open(group, index=index)
            name, shape = attribute.name.decode("utf-8", "surrogateescape"), attribute.shape
            if shape is None or prod(shape) * attribute.get_type().get_size() > _LARGEST_ATTRIBUTE:
                unread.append(name)
            else:
                attributes[name] = self._attribute(group, attribute)
        return HdfGroup(attributes, unread)

    def _attribute(self, group: Any, attribute: Any) -> Any:
        kind = attribute.get_type()
        simple = kind.get_class() in (h5t.INTEGER, h5t.FLOAT)
        if simple or (kind.get_class() == h5t.STRING and not kind.is_variable_str()):
            values = np.empty(attribute.shape, attribute.dtype)
            attribute.read(values)
            return self._plain(values.tolist())
        return self._plain(h5py.Group(group).attrs[attribute.name])

    def _plain(self, value: Any) -> Any:
        """What JSON can express of a value; texts are counted."""
        if isinstance(value, (np.ndarray, np.generic)):
            value = value.tolist()
        if isinstance(value, (list, tuple)):
            return [self._plain(item) for item in value]
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if isinstance(value, (bool, int, float, type(None))):
            return value
        text = value.encode("utf-8", "replace").decode() if isinstance(value, str) else str(value)[:200]
        self._text_left -= len(text)
        if self._text_left < 0:
            raise ValueError(f"texts of more than {_MOST_TEXT:,} characters")
        return text

    def _dataset(self, path: str, dataset: Any) -> Dataset:
        dtype, shape = self._dtype(dataset.get_type()), dataset.shape
        number = shape is not None and is_code(dtype)
        nbytes = prod(shape) * np.dtype(dtype).itemsize if number else 0
        if nbytes and (place := dataset.get_offset()) is not None:  # it lies here, in one piece
            return Dataset(shape, dtype, place, nbytes, spilled=False, odd="")
        layout = dataset.get_create_plist()
        if layout.get_external_count() or layout.get_layout() == h5d.VIRTUAL:
            raise ValueError(f"{path!r} keeps its elements in another file; save it into this one")
        if nbytes:
            place, odd = self._spill(path, dataset, nbytes), _odd(dataset, layout, nbytes)
            return Dataset(shape, dtype, place, nbytes, spilled=True, odd=odd)
        if dtype == TEXT and shape == ():
            return self._text(dataset)
        what = "no value" if shape is None else "texts" if dtype == TEXT else dtype
        return Dataset(shape, what, 0, 0, spilled=False, odd="")

    def _dtype(self, kind: Any) -> str:
        code = kind.encode()
        if code not in self._types:
            self._types[code] = _code_of(kind)
        return self._types[code]

    def _text(self, dataset: Any) -> Dataset:
        value = h5py.Dataset(dataset)[()]
        text = value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
        self._require(len(text), "a text")
        place = self._scratch.tell()
        self._scratch.write(text)
        return Dataset((), TEXT, place, len(text), spilled=True, odd="")

    def _spill(self, path: str, dataset: Any, nbytes: int) -> int:
        """Copy a dataset that lies in pieces to the scratch file; where it begins there."""
        self._require(nbytes, repr(path))
        found = h5py.Dataset(dataset)
        if found.chunks and prod(found.chunks) * found.dtype.itemsize > _LARGEST_CHUNK:
            raise ValueError(f"{path!r} is stored in chunks of {found.chunks}, too large to read safely")
        place = self._scratch.tell()
        if found.shape == ():
            self._scratch.write(found[()].tobytes())
            return place
        rows = max(1, _PIECE // max(1, nbytes // found.shape[0]))
        for first in range(0, found.shape[0], rows):
            self._scratch.write(np.ascontiguousarray(found[first : first + rows]).tobytes())
        return place

    def _require(self, nbytes: int, what: str) -> None:
        if nbytes > self._left:
            raise ValueError(f"{what} unpacks to {nbytes:,} bytes, far more than the file's own: a bomb")
        self._left -= nbytes


def _code_of(kind: Any) -> str:
    """numpy's code of a number, TEXT, or words for anything else."""
    if kind.get_class() == h5t.STRING:
        return TEXT
    dtype = kind.dtype
    return dtype.str if dtype.kind in "biufc" else str(dtype)[:200]


def _odd(dataset: Any, layout: Any, nbytes: int) -> str:
    filters = [layout.get_filter(number)[0] for number in range(layout.get_nfilters())]
    if not _USUAL_FILTERS.issuperset(filters) or filters.count(h5z.FILTER_DEFLATE) > 1:
        return "it is packed in a way that traces are not"
    if nbytes > _SMALL + _MOST_DEFLATION * dataset.get_storage_size():
        return f"it claims {nbytes:,} bytes that the file does not hold"
    if layout.get_layout() == h5d.CHUNKED:
        chunk = prod(layout.get_chunk()) * dataset.dtype.itemsize
        if chunk > max(nbytes, _SMALL):
            return "it is packed in chunks larger than itself"
    return ""
