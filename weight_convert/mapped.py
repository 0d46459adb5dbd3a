"""A file mapped into memory, whose pages can be given back while it is still in use."""

from __future__ import annotations

import contextlib
import mmap
import os
from pathlib import Path

from harness.errors import BadInput
from harness.regular_file import open_regular, require_unchanged, version
from weight_convert.budget import Budget


class MappedFile:
    """A read-only mapping of a whole file; it stays open as long as a view of it exists.

    `trusted` is True for a file that this process has just written and compares with its origin.
    `budget` is what reading it may still make.
    """

    def __init__(self, path: Path, *, trusted: bool = False) -> None:
        self.path, self.trusted, self.budget = path, trusted, Budget()
        file = open_regular(path)
        try:
            self._version = version(file)
            self.size = self._version.size
            self._map = mmap.mmap(file, self.size, access=mmap.ACCESS_READ) if self.size else None
        except (OSError, ValueError) as error:
            raise BadInput(f"{path} cannot be mapped into memory: {error}") from error
        finally:
            os.close(file)
        self.data = memoryview(self._map) if self._map is not None else memoryview(b"")

    def require_unchanged(self) -> None:
        """Refuse it where it is no longer the file that was mapped: what was read may be of two files."""
        require_unchanged(self.path, self._version)

    def release(self) -> None:
        """Drop the pages read so far from this process; the next access reads them from the file again."""
        if self._map is not None and hasattr(mmap, "MADV_DONTNEED"):
            with contextlib.suppress(OSError):
                self._map.madvise(mmap.MADV_DONTNEED)

    def view(self, start: int, length: int, what: str) -> memoryview:
        """`length` bytes from `start`, or BadInput saying that `what` does not fit into the file."""
        if start < 0 or length < 0 or start + length > self.size:
            raise BadInput(
                f"{self.path}: {what} should be {length:,} bytes at byte {start:,}, "
                f"but the file ends at {self.size:,}: it is cut short or damaged"
            )
        return self.data[start : start + length]
