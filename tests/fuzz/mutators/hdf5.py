"""Changes of HDF5 files: through the library, starting from a right file, or as fields of the bytes."""

from __future__ import annotations

import functools
import io
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import h5py
import numpy as np

from tests.fuzz.mutators.plain import Mutator, scramble, some_number
from tests.fuzz.mutators.texts import any_value, change_data, spell

_SHAPES = ((), (0,), (1,), (4,), (3, 2), (0, 5), (70,), (1,) * 20)
_DTYPES = ("f4", "f8", "f2", ">f4", "i8", "u1", "c8", "S7", "f4,i4", "bool")


def _edit(file: h5py.File, rng: Random) -> None:
    """Change one object of an open file."""
    names: list[str] = []
    file.visit(names.append)
    name = rng.choice(names) if names else ""
    kind = rng.randrange(9)
    if kind == 0:
        _set_attribute(file[name] if name and rng.random() < 0.5 else file, rng)
    elif kind == 1 and name:
        del file[name]
    elif kind == 2:
        target = rng.choice((h5py.SoftLink("/" + name), h5py.ExternalLink("/etc/passwd", "/")))
        file[f"link{rng.randrange(9)}"] = target
    elif kind == 3 and name:
        file[f"again{rng.randrange(9)}"] = file[name]
    elif kind <= 5:
        if name and isinstance(file[name], h5py.Dataset):
            del file[name]
        else:
            name = f"new{rng.randrange(9)}"
        _create(file, name, rng)
    elif "index" in file:
        _change_index(file, rng)


def _set_attribute(thing: Any, rng: Random) -> None:
    name = rng.choice((*thing.attrs, "format", "version", "complete", "shape", "mode", "weight-manifest"))
    value = any_value(rng)
    if (
        isinstance(value, (str, int, float))
        and abs(float(value) if not isinstance(value, str) else 0) < 1e300
    ):
        thing.attrs[name] = value
    else:
        thing.attrs[name] = json.dumps(value)[:60000]


def _create(file: h5py.File, name: str, rng: Random) -> None:
    shape, dtype = rng.choice(_SHAPES), np.dtype(rng.choice(_DTYPES))
    if shape and rng.random() < 0.3:
        wide = (1 << rng.choice((8, 16, 24, 34, 50)), *shape[1:])
        file.create_dataset(name, wide, dtype, chunks=(1,) * len(shape))
    elif shape and 0 not in shape and rng.random() < 0.4:
        file.create_dataset(
            name, shape, dtype, compression="gzip", shuffle=True, maxshape=(None,) * len(shape)
        )
    else:
        file.create_dataset(name, data=np.zeros(shape, dtype))


def _change_index(file: h5py.File, rng: Random) -> None:
    """Change the table of a trace of our own, which lies packed in a dataset."""
    try:
        index = json.loads(zlib.decompress(file["index"][()].tobytes()))
    except Exception:  # it is not there, or was changed before
        return
    records = index.get("records")
    if rng.random() < 0.3 and isinstance(records, list) and records:
        record = rng.choice(records)
        if isinstance(record, list) and len(record) > 2:
            record[2] = [some_number(rng) for _ in range(rng.randrange(5))]
    else:
        index = change_data(index, rng)
    packed = zlib.compress(spell(index))
    del file["index"]
    file["index"] = np.frombuffer(packed, np.uint8)


@functools.cache
def _seeds(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()]


def _edited(folder: Path, rng: Random) -> bytes:
    made = io.BytesIO(rng.choice(_seeds(folder)))
    try:
        with h5py.File(made, "r+") as file:
            for _ in range(rng.choice((1, 1, 2, 3))):
                _edit(file, rng)
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, OverflowError):
        pass  # the library refuses this change; what was made before it stays
    return made.getvalue()


def mutator(folder: Path) -> Mutator:
    """Changes of HDF5 files like those in a folder, which are right."""

    def mutate(data: bytes, rng: Random) -> bytes:
        kind = rng.randrange(4)
        if kind == 0:
            return scramble(data, rng)
        if kind == 1:
            return scramble(rng.choice(_seeds(folder)), rng)
        made = _edited(folder, rng)
        return scramble(made, rng) if kind == 2 else made

    return mutate


def rewritten(path: Path, made: Path, change: Callable[[h5py.File], None] = lambda file: None) -> None:
    """The same content in the oldest layout, whose parts carry no checksums that a change would break."""
    with h5py.File(path, "r") as source, h5py.File(made, "w", libver=("earliest", "v108")) as target:
        for name, value in source.attrs.items():
            target.attrs[name] = value
        for name in source:
            source.copy(name, target)
        change(target)
