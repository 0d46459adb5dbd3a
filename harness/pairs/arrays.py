"""Files of numpy arrays that a stranger may have made: an array's size is known before it is read."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.older_python import without_suffix
from harness.pairs import pixels

_FORMAT: Any = np.lib.format  # numpy does not tell the types of these
_HEADERS = {(1, 0): _FORMAT.read_array_header_1_0, (2, 0): _FORMAT.read_array_header_2_0}


def read_array(path: Path) -> NDArray[Any]:
    """The array of an `.npy` file; BadInput where it is larger than an image may be."""
    with path.open("rb") as file:
        _require_modest(file, str(path))
        file.seek(0)
        return _read(file)


def read_arrays(path: Path, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Some arrays of an `.npz` file by name; BadInput where one is missing or too large."""
    with zipfile.ZipFile(path) as archive:
        missing = set(names) - {without_suffix(name, ".npy") for name in archive.namelist()}
        if missing:
            raise BadInput(f"{path} lacks {', '.join(sorted(missing))}")
        for name in names:
            with archive.open(f"{name}.npy") as member:
                _require_modest(member, f"{name} in {path}")
        return {name: _read(archive.open(f"{name}.npy")) for name in names}


def _require_modest(file: IO[bytes], what: str) -> None:
    """Refuse an array by its header, before anything of it is read or unpacked."""
    header = _HEADERS.get(_FORMAT.read_magic(file))
    if header is None:
        raise ValueError("its header has a version that numpy writes for no numbers")
    shape, _, kind = header(file)
    if kind.kind not in "biuf":
        raise ValueError(f"it holds {kind}; whole numbers or floats are wanted")
    if prod(shape) > pixels.MOST_PIXELS:
        sides = " x ".join(map(str, shape))
        raise BadInput(f"{what} has {sides} values, and at most {pixels.MOST_PIXELS:,} are read")


def _read(file: IO[bytes]) -> NDArray[Any]:
    found: NDArray[Any] = _FORMAT.read_array(file, allow_pickle=False)
    return found
