"""Lists the datasets of an HDF5 file as JSON; run as a program, in a process that may be lost.

Links to other files are not followed. Datasets in several pieces are written to the scratch file.
"""

from __future__ import annotations

import json
import resource
import sys
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np

MANIFEST = "weight-manifest"
_MEMORY = 192 << 20
_PIECE = 8 << 20
_LARGEST_CHUNK = 64 << 20
_MOST_DATASETS = 200_000


def limit_memory() -> None:
    """Let this process grow by no more than _MEMORY from here on."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    if pages:
        bound = pages * resource.getpagesize() + _MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (bound, bound))


class Listing:
    """Walks the file, each object once, and collects what it finds."""

    def __init__(self, scratch: BinaryIO, allowed: int) -> None:
        self.scratch, self.left = scratch, allowed
        self.datasets: dict[str, dict[str, Any]] = {}
        self.skipped: dict[str, int] = {}
        self._walked: set[Any] = set()

    def walk(self, root: h5py.Group) -> None:
        """List every dataset below `root`."""
        pending = [(root, "")]
        while pending:
            group, path = pending.pop()
            key = (h5py.h5o.get_info(group.id).fileno, h5py.h5o.get_info(group.id).addr)
            if key in self._walked:
                continue
            self._walked.add(key)
            for name in group:
                self.enter(group, name, f"{path}{name}", pending)

    def enter(self, group: h5py.Group, name: str, path: str, pending: list[tuple[h5py.Group, str]]) -> None:
        """List one link of a group."""
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            self.skip("a link to elsewhere")
            return
        found = group[name]
        if isinstance(found, h5py.Group):
            pending.append((found, f"{path}/"))
        elif isinstance(found, h5py.Dataset):
            self.dataset(path, found)

    def skip(self, what: str) -> None:
        """Count something that is no tensor."""
        self.skipped[what] = self.skipped.get(what, 0) + 1

    def dataset(self, path: str, found: h5py.Dataset) -> None:
        """List one dataset, or say why not."""
        dtype, shape = found.dtype, found.shape
        if dtype.kind not in "biufc" or shape is None:
            self.skip(f"a dataset of {dtype}")
            return
        made = found.id.get_create_plist()
        if made.get_external_count() or made.get_layout() == h5py.h5d.VIRTUAL:
            raise ValueError(f"{path!r} keeps its elements in another file; save it into this one")
        if len(self.datasets) >= _MOST_DATASETS:
            raise ValueError(f"more than {_MOST_DATASETS:,} datasets")
        nbytes = prod(shape) * dtype.itemsize
        offset = found.id.get_offset() if nbytes else 0
        spilled = offset is None
        if offset is None:
            offset = self.spill(path, found, nbytes)
        entry = {"shape": shape, "dtype": dtype.str, "offset": int(offset), "nbytes": nbytes}
        self.datasets[path] = {**entry, "spilled": spilled}

    def spill(self, path: str, found: h5py.Dataset, nbytes: int) -> int:
        """Copy a dataset that lies in pieces to the scratch file."""
        if nbytes > self.left:
            raise ValueError(f"{path!r} unpacks to {nbytes:,} bytes, far more than the file's own: a bomb")
        if found.chunks and np.prod(found.chunks, dtype=object) * found.dtype.itemsize > _LARGEST_CHUNK:
            raise ValueError(f"{path!r} is stored in chunks of {found.chunks}, too large to read safely")
        self.left -= nbytes
        start = self.scratch.tell()
        if found.shape == ():
            self.scratch.write(found[()].tobytes())
            return start
        row = max(1, nbytes // found.shape[0])
        step = max(1, _PIECE // row)
        for first in range(0, found.shape[0], step):
            self.scratch.write(np.ascontiguousarray(found[first : first + step]).tobytes())
        return start


def _words(value: Any) -> str:
    """An attribute as a short text."""
    return (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))[:200]


def list_file(path: Path, scratch: Path, allowed: int) -> dict[str, Any]:
    """What a file holds; datasets in several pieces go to the scratch file, `allowed` bytes at most."""
    with h5py.File(path, "r") as file, scratch.open("wb") as spill:
        listing = Listing(spill, allowed)
        listing.walk(file)
        manifest = file.attrs.get(MANIFEST)
        attributes = {name: _words(file.attrs[name]) for name in list(file.attrs)[:50] if name != MANIFEST}
        return {
            "datasets": listing.datasets,
            "skipped": listing.skipped,
            "attributes": attributes,
            "groups": list(file)[:100],
            "manifest": manifest if isinstance(manifest, str) else None,
        }


def main() -> None:
    """List the file named first into standard output."""
    path, scratch, allowed = sys.argv[1:4]
    limit_memory()
    json.dump(list_file(Path(path), Path(scratch), int(allowed)), sys.stdout)


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        print(f"{type(error).__name__}: {str(error)[:300]}".replace("\n", " "), file=sys.stderr)
        sys.exit(1)
