"""A breadcrumb: the last layer a worker reached, kept in a small shared file that survives the worker."""

from __future__ import annotations

import contextlib
import mmap
from pathlib import Path
from typing import NamedTuple

_SIZE = 512


class Place(NamedTuple):
    """Where a worker is: how many layer calls it has made, what it does, and the layer it is in."""

    calls: int
    activity: str
    layer: str


class Breadcrumb:
    """Written by the worker (a copy into memory, no system call), read by the session at any time."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(b"\0" * _SIZE)
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _SIZE)
        self.activity = ""
        self._count = 0

    def start(self, activity: str) -> None:
        """Begin another activity; the layers are counted anew."""
        self.activity, self._count = activity, 0
        self._write("")

    def drop(self, layer: str) -> None:
        """Note that `layer` is being entered."""
        self._count += 1
        self._write(layer)

    def _write(self, layer: str) -> None:
        text = f"{self._count}\n{self.activity}\n{layer}".encode()[: _SIZE - 1]
        self._memory[: len(text) + 1] = text + b"\0"

    def read(self) -> Place:
        """The place last written; a torn write reads as the beginning."""
        text = bytes(self._memory).partition(b"\0")[0].decode(errors="replace")
        count, _, rest = text.partition("\n")
        activity, _, layer = rest.partition("\n")
        return Place(int(count) if count.isdigit() else 0, activity, layer)

    def close(self) -> None:
        """Unmap the file."""
        with contextlib.suppress(BufferError):
            self._memory.close()
