"""HDF5: listed by a process that may be lost, because the library may crash or hang on a bad file.

Datasets in one piece are mapped from the file here, others come unpacked from that process.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.hdf5.asking import Unreadable, ask, list_here
from harness.hdf5.listing import Contents, Dataset
from weight_convert.dtypes import of_numpy
from weight_convert.formats.content import Content
from weight_convert.formats.sink import FileSink
from weight_convert.limits import check_shape, is_count
from weight_convert.manifest import UnfinishedManifest, parse_manifest
from weight_convert.mapped import MappedFile
from weight_convert.tensor import Tensor

MAGIC = b"\x89HDF\r\n\x1a\n"
MANIFEST = "weight-manifest"
_SMALLEST_BLOCK = 512
_REFUSED = re.compile(r"\berrno = (\d+)")  # what the system said, among many words of the library
_LIBVER = ("v108", "v110")


def recognises(file: MappedFile) -> bool:
    """Whether a file begins as HDF5 does, at once or behind a user block of 512 bytes, 1024, 2048 ..."""
    place = 0
    while place < file.size:
        if bytes(file.data[place : place + len(MAGIC)]) == MAGIC:
            return True
        place = 2 * place or _SMALLEST_BLOCK
    return False


def read(file: MappedFile) -> Content:
    """The datasets of an HDF5 file by path. Its attributes show whether it is a trace."""
    try:
        contents, spilled = (list_here if file.trusted else ask)(file.path, file.size)
    except Unreadable as error:
        raise BadInput(f"{error}: the file is damaged, or made to do harm") from error
    if _is_trace(contents):
        return _read_trace(file)
    root, inert = {}, Counter("a link to elsewhere" for _ in contents.links)
    for name, entry in contents.datasets.items():
        if entry.is_numbers:
            root[name] = _tensor(file, spilled, name, entry)
        else:
            inert[f"a dataset of {entry.dtype}"] += 1
    manifest = contents.groups[""].attributes.get(MANIFEST)
    known = parse_manifest(manifest.encode()) if isinstance(manifest, str) else None
    return Content(file, "hdf5", root, known, dict(inert))


def _tensor(file: MappedFile, spilled: memoryview, name: str, entry: Dataset) -> Tensor:
    shape = entry.shape or ()
    if not all(is_count(side) for side in shape):
        raise BadInput(f"{name!r} has an impossible shape")
    check_shape(name, shape)
    dtype = np.dtype(entry.dtype)
    if entry.spilled:
        data = spilled[entry.place : entry.place + entry.nbytes]
    else:
        data = file.view(entry.place, entry.nbytes, repr(name))
    kind = of_numpy(dtype)

    def load() -> NDArray[Any]:
        flat = np.frombuffer(data, dtype) if len(data) else np.empty(0, dtype)
        array = flat.reshape(shape)
        return array.astype(kind.storage) if dtype.byteorder == ">" else array

    return Tensor(kind.name, shape, load, ("dataset", entry.spilled, entry.place) if len(data) else None)


def _is_trace(contents: Contents) -> bool:
    attributes = contents.groups[""].attributes
    return "align-trace" in attributes.values() or (
        "mode" in attributes and any(name in contents.groups for name in ("modules", "outputs"))
    )


def _read_trace(file: MappedFile) -> Content:
    """The whole tensors of a trace, in a group for each kind of address."""
    from harness.trace import Trace

    trace = Trace.open(file.path)
    root: dict[str, dict[str, Tensor]] = {}
    for address, record in trace.records.items():
        array = trace.array(address)
        if array is not None:
            kind, _, name = address.partition(":")
            root.setdefault(kind, {})[name] = Tensor.of(array, memory=record.alias or address)
    return Content(file, "trace", root)


def write(sink: FileSink, tensors: dict[str, Tensor], manifest: UnfinishedManifest) -> None:
    """Write one dataset in one piece for every tensor; tied ones become links to the same dataset.

    The library lays the datasets out and says where, the tensors' bytes are written there as in every format.
    """
    try:
        _write(sink, tensors, manifest)
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        refused = _REFUSED.search(str(error))
        if refused is None:
            raise
        number = int(refused[1])
        raise OSError(number, os.strerror(number)) from error


def _write(sink: FileSink, tensors: dict[str, Tensor], manifest: UnfinishedManifest) -> None:
    import h5py

    with h5py.File(sink.path, "w", libver=_LIBVER, track_order=True) as file:
        places = _lay_out(file, tensors)
    for key, place in places.items():
        sink.seek(place)
        sink.tensor(tensors[key])
    sink.push()
    with h5py.File(sink.path, "r+", libver=_LIBVER) as file:
        for key, tensor in tensors.items():
            if not tensor.shape:
                file[key][()] = tensor.bits()
        file.attrs[MANIFEST] = manifest.finished().decode()


def _lay_out(file: Any, tensors: dict[str, Tensor]) -> dict[str, int]:
    """Make every dataset; where the tensors begin that have sides."""
    from h5py import h5d, h5p

    in_one_piece = h5p.create(h5p.DATASET_CREATE)
    in_one_piece.set_layout(h5d.CONTIGUOUS)
    in_one_piece.set_alloc_time(h5d.ALLOC_TIME_EARLY)
    in_one_piece.set_fill_time(h5d.FILL_TIME_NEVER)
    done: dict[object, str] = {}
    places = {}
    for key, tensor in tensors.items():
        if any(part in ("", ".", "..") for part in key.split("/")):
            raise BadInput(f"HDF5 cannot name a dataset {key!r}; choose .safetensors or .npz")
        if tensor.memory is not None and done.setdefault(tensor.memory, key) != key:
            file[key] = file[done[tensor.memory]]
            continue
        made = file.create_dataset(key, tensor.shape, tensor.kind.storage, dcpl=in_one_piece)
        if tensor.shape and tensor.size:  # a place for a single number is found when it is written
            places[key] = made.id.get_offset()
    return places
