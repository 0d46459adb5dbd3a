"""What a worker printed: the end of it, and where all of it can be read when a message names it."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from harness.text import without_colours

_TAIL = 3000


class WorkerLog:
    """The log of one side's worker. One in `scratch` goes with that folder; one elsewhere stays."""

    def __init__(self, side: str, path: Path, scratch: Path) -> None:
        self.path = path
        self._side, self._passes = side, scratch in path.parents

    def tail(self) -> str:
        """The end of what the worker printed, without the colours of a terminal."""
        with contextlib.suppress(OSError), self.path.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL))
            return without_colours(log.read(_TAIL).decode(errors="replace"))
        return ""

    def hint(self) -> str:
        """Where it can be read, as the last sentence of a message: a file that is there and stays there."""
        if not self.tail().strip():
            return "It printed nothing"
        try:
            return f"Its log: {self._kept() if self._passes else self.path}"
        except OSError:
            return f"It printed at last: {self.tail().strip().splitlines()[-1]}"

    def _kept(self) -> str:
        handle, name = tempfile.mkstemp(prefix=f"align-{self._side}-", suffix=".log")
        with os.fdopen(handle, "wb") as kept, self.path.open("rb") as log:
            shutil.copyfileobj(log, kept)
        return name
