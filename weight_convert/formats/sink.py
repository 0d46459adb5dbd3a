"""Where writers put their bytes: a new file, flushed to disk while the rest is still being made."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType

from weight_convert.tensor import Tensor

_FLUSH_EVERY = 64 << 20
_PIECE = 64 << 10  # larger ones take up to ten times as long where the kernel seeks large pages for them


class Sink:
    """A file being written. A second thread pushes what has been written to the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("xb", buffering=0)
        self._unflushed = 0
        self._wake, self._done = threading.Event(), False
        self._problem: OSError | None = None
        self._flusher = threading.Thread(target=self._flush, daemon=True)
        self._flusher.start()

    def write(self, data: bytes | memoryview) -> None:
        """Write all of `data`."""
        view = memoryview(data)
        while len(view):
            view = view[self._file.write(view[:_PIECE]) :]
        self._unflushed += len(data)
        if self._unflushed >= _FLUSH_EVERY:
            self._unflushed = 0
            self._wake.set()

    def tensor(self, tensor: Tensor) -> None:
        """Write a tensor's bytes in C order."""
        for block in tensor.blocks():
            self.write(block)

    def tell(self) -> int:
        """The position in the file."""
        return self._file.tell()

    def seek(self, position: int) -> None:
        """Go elsewhere in the file."""
        self._file.seek(position)

    def finish(self) -> None:
        """Let the rest go to the disk; the file can be read from now on."""
        self._done = True
        self._wake.set()

    def close(self) -> None:
        """Wait until everything is on the disk."""
        self.finish()
        self._flusher.join()
        self._file.close()
        if self._problem is not None:
            raise self._problem

    def _flush(self) -> None:
        try:
            while not self._done:
                os.fdatasync(self._file.fileno())
                self._wake.wait()
                self._wake.clear()
            os.fsync(self._file.fileno())
        except OSError as error:
            self._problem = error

    def __enter__(self) -> Sink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
