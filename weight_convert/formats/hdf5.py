"""HDF5: opened by a process of its own, because the library that reads it may crash or hang on a bad file.

That process tells where every dataset lies; datasets stored in one piece are mapped from the file here,
compressed ones come through an unnamed scratch file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput
from weight_convert.dtypes import of_numpy
from weight_convert.formats.content import Content
from weight_convert.formats.sink import Sink
from weight_convert.limits import INFLATED_FACTOR, TENSOR_SLACK, check_shape, is_count
from weight_convert.manifest import Unfinished, parse_manifest
from weight_convert.mapped import MappedFile
from weight_convert.tensor import Tensor

MAGIC = b"\x89HDF\r\n\x1a\n"
MANIFEST = "weight-manifest"
_SMALLEST_BLOCK = 512
_LIBVER = ("v108", "v110")
_SECONDS, _BYTES_PER_SECOND = 8.0, 40e6


def recognises(file: MappedFile) -> bool:
    """Whether a file begins as HDF5 does, at once or behind a user block of 512 bytes, 1024, 2048 ..."""
    place = 0
    while place < file.size:
        if bytes(file.data[place : place + len(MAGIC)]) == MAGIC:
            return True
        place = 2 * place or _SMALLEST_BLOCK
    return False


def read(file: MappedFile) -> Content:
    """The datasets of an HDF5 file by path. A trace is told apart by its attributes."""
    with tempfile.NamedTemporaryFile(prefix="weights-", suffix=".raw") as scratch:
        listing = (_list_here if file.trusted else _ask)(file, Path(scratch.name))
        spilled = MappedFile(Path(scratch.name))
    if _is_trace(listing):
        return _read_trace(file)
    root = {name: _tensor(file, spilled, name, entry) for name, entry in listing["datasets"].items()}
    manifest = listing["manifest"]
    return Content(
        file, "hdf5", root, parse_manifest(manifest.encode() if manifest else None), listing["skipped"]
    )


def _list_here(file: MappedFile, scratch: Path) -> dict[str, Any]:
    from weight_convert.formats.hdf5_child import list_file

    return list_file(file.path, scratch, _allowed(file))


def _allowed(file: MappedFile) -> int:
    return INFLATED_FACTOR * file.size + TENSOR_SLACK


def _ask(file: MappedFile, scratch: Path) -> dict[str, Any]:
    program = Path(__file__).with_name("hdf5_child.py")
    environment = {**os.environ, "HDF5_PLUGIN_PRELOAD": "::", "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-I", program, file.path, scratch, str(_allowed(file))],
            capture_output=True,
            timeout=_SECONDS + file.size / _BYTES_PER_SECOND,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BadInput("reading it as HDF5 does not end; the file is damaged") from error
    if done.returncode:
        raise BadInput(f"{_failure(done)}")
    listing = json.loads(done.stdout)
    assert isinstance(listing, dict)
    return listing


def _failure(done: subprocess.CompletedProcess[bytes]) -> str:
    if done.returncode < 0:
        return (
            f"the HDF5 library was killed by signal {-done.returncode} while reading it: the file is damaged"
        )
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return f"not readable as HDF5: {lines[-1][:300] if lines else 'no reason given'}"


def _tensor(file: MappedFile, spilled: MappedFile, name: str, entry: dict[str, Any]) -> Tensor:
    shape = tuple(entry["shape"])
    if not all(is_count(side) for side in shape):
        raise BadInput(f"{name!r} has an impossible shape")
    check_shape(name, shape)
    dtype = np.dtype(entry["dtype"])
    holder = spilled if entry["spilled"] else file
    data = holder.view(entry["offset"], entry["nbytes"], repr(name))
    kind = of_numpy(dtype)

    def load() -> NDArray[Any]:
        flat = np.frombuffer(data, dtype) if len(data) else np.empty(0, dtype)
        array = flat.reshape(shape)
        return array.astype(kind.storage) if dtype.byteorder == ">" else array

    return Tensor(
        kind.name, shape, load, ("dataset", entry["spilled"], entry["offset"]) if len(data) else None
    )


def _is_trace(listing: dict[str, Any]) -> bool:
    attributes, groups = set(listing["attributes"]), set(listing["groups"])
    return "align-trace" in listing["attributes"].values() or (
        "mode" in attributes and bool(groups & {"modules", "outputs"})
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


def write(sink: Sink, tensors: dict[str, Tensor], manifest: Unfinished) -> None:
    """Write one dataset in one piece for every tensor; tied ones become links to the same dataset.

    The library lays the datasets out and says where, the tensors' bytes are written there as in every format.
    """
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
