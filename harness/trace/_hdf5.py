"""The few low-level HDF5 calls that write a trace: h5py's own objects would cost several times more."""

from __future__ import annotations

import contextlib
import os
import struct
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from h5py import h5a, h5d, h5f, h5g, h5o, h5p, h5s, h5t
from numpy.typing import NDArray

from harness.huge_pages import Room
from harness.trace._format import TensorForm, stored_as

ERRORS = (OSError, RuntimeError, ValueError)
"""What h5py raises where HDF5 fails."""

_LARGE = 1 << 16  # bytes from which on a copy is cheaper than a call of HDF5
_END = struct.Struct("<8sB19xQ")  # signature, version (2 or 3 here) and end of file, as HDF5's files begin
_ALIGN = (256, 64)  # what is at least so large begins at a multiple of so much: arrays are mapped in place


def create(path: Path) -> Any:
    """A new file that HDF5 of the last ten years can read, with checksums on all but the tensors.

    It contains no time of writing: the same tensors give the same bytes, and so the same digest.
    """
    path.unlink(missing_ok=True)  # and what may have been a link to elsewhere is none
    return h5f.create(bytes(path), h5f.ACC_EXCL, _timeless(h5p.FILE_CREATE), _access())


def reopen(path: Path) -> Any:
    """A finished file of ours, to be written to once more."""
    return h5f.open(bytes(path), h5f.ACC_RDWR, _access())


def copy_into(source: Path, file: Any, name: bytes) -> None:
    """Copy all that another file of ours holds into a new group of this one."""
    other = h5f.open(bytes(source), h5f.ACC_RDONLY)
    try:
        h5o.copy(other, b"/", file, name)
        h5f.flush(file)  # here an error can still be reported
    finally:
        other.close()


def _access() -> Any:
    access = h5p.create(h5p.FILE_ACCESS)
    access.set_libver_bounds(h5f.LIBVER_V18, h5f.LIBVER_V110)
    access.set_fclose_degree(h5f.CLOSE_STRONG)
    access.set_alignment(*_ALIGN)
    return access


def close(file: Any) -> None:
    """Let HDF5 finish the file, and cut off what was laid out beyond what it has taken."""
    path = Path(os.fsdecode(file.name))
    file.close()
    with path.open("rb") as finished:
        _, _, end = _END.unpack(finished.read(_END.size))
    if path.stat().st_size > end:
        os.truncate(path, end)


def give_up(file: Any, path: Path) -> None:
    """Close a file that could not be written, and remove it.

    Its space is given back first: where HDF5 cannot write what it still holds, it crashes at the end.
    """
    with contextlib.suppress(OSError):
        os.truncate(path, 0)
    with contextlib.suppress(*ERRORS):
        file.close()
    path.unlink(missing_ok=True)


def create_group(file: Any, name: bytes) -> Any:
    """A new group of the file."""
    return h5g.create(file, name, gcpl=_timeless(h5p.GROUP_CREATE))


def _timeless(kind: Any) -> Any:
    properties = h5p.create(kind)
    properties.set_obj_track_times(False)
    return properties


@lru_cache(maxsize=1)
def _contiguous() -> Any:
    layout = _timeless(h5p.DATASET_CREATE)
    layout.set_layout(h5d.CONTIGUOUS)
    layout.set_alloc_time(h5d.ALLOC_TIME_EARLY)
    layout.set_fill_time(h5d.FILL_TIME_NEVER)
    return layout


def _deflated(size: int) -> Any:
    layout = _timeless(h5p.DATASET_CREATE)
    layout.set_chunk((size,))
    layout.set_shuffle()
    layout.set_deflate(6)
    return layout


@lru_cache(maxsize=32)
def _type(dtype: np.dtype[Any]) -> Any:
    return h5t.py_create(dtype)


def dataset(location: Any, name: bytes, form: TensorForm) -> Any:
    """A new dataset for elements as they are, with its place in the file."""
    return _dataset(location, name, form, _contiguous())


def write(file: Any, dataset: Any, array: NDArray[Any], room: Room | None = None) -> None:
    """Write a contiguous array straight from its memory: into the room where its place lies there.

    Otherwise to that place of the file. HDF5 would keep small ones, and say nothing where the disk is full.
    """
    if not array.nbytes:
        return
    start = dataset.get_offset()
    if room is None or array.nbytes < _LARGE or not room.put(start, array):
        rest, handle = array.reshape(-1).view(np.uint8).data, file.get_vfd_handle()
        while rest:
            written = os.pwrite(handle, rest, start)
            rest, start = rest[written:], start + written


def write_packed(location: Any, name: bytes, array: NDArray[Any]) -> None:
    """Write a contiguous array as a compressed dataset."""
    made = _dataset(location, name, TensorForm(array.shape, array.dtype), _deflated(array.size))
    made.write(h5s.ALL, h5s.ALL, array, _type(array.dtype))
    h5f.flush(made)  # here an error can still be reported


def _dataset(location: Any, name: bytes, form: TensorForm, layout: Any) -> Any:
    space = h5s.create_simple(form.shape) if form.shape else h5s.create(h5s.SCALAR)
    return h5d.create(location, name, _type(stored_as(form.dtype)), space, layout)


def place(dataset: Any) -> int:
    """Where its elements begin; 0 where it has none."""
    return dataset.get_offset() or 0


def write_attribute(file: Any, name: bytes, value: str | int) -> None:
    """Write an attribute of the file."""
    array = np.array(value.encode() if isinstance(value, str) else value)
    kind = h5t.py_create(array.dtype)
    h5a.create(file, name, kind, h5s.create(h5s.SCALAR)).write(array, kind)
