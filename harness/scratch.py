"""Temporary folders of a run: on the disk, and for its traces in memory where there is plenty of that.

A trace holds every tensor of a model and is read once: written to memory it costs half as much. A folder
is locked as long as its run lives, so that the next run clears away what a killed one left behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from harness.environment.places import free_bytes
from harness.host_memory import available_bytes
from harness.huge_pages import SHARED_MEMORY

_PREFIX = "align-"
_LOCK = ".alive"
_YOUNG = 60.0  # seconds: a folder made just now may not be locked yet
_TRACES = 4  # of one size that a run may hold at once: both sides', the layers alone, one to spare
_SHARE = 0.5  # of the available memory that they may take


class Scratch:
    """The folder of one run, and the one in memory for its traces."""

    def __init__(self, folder: Path, memory: Path | None) -> None:
        self.folder, self.memory = folder, memory

    def place(self, name: str, size: int) -> Path:
        """Where a trace of about `size` bytes goes."""
        if self.memory is not None and _TRACES * size <= _spare_memory(self.memory):
            return self.memory / name
        return self.folder / name


def _spare_memory(folder: Path) -> float:
    return min(free_bytes(folder), _SHARE * available_bytes())


@contextlib.contextmanager
def scratch_folder(base: Path | None = None) -> Iterator[Path]:
    """A temporary folder in `base`, in TMPDIR or where the system keeps such; gone with the run."""
    place = Path(base or tempfile.gettempdir())
    _clear_left(place)
    made = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=place, ignore_cleanup_errors=True)
    with made as name, (Path(name) / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Path(name)


@contextlib.contextmanager
def scratch() -> Iterator[Scratch]:
    """The folders of a run. A TMPDIR that is set is where everything goes, traces too."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(scratch_folder())
        memory = None
        if not os.environ.get("TMPDIR") and os.access(SHARED_MEMORY, os.W_OK | os.X_OK):
            memory = stack.enter_context(scratch_folder(SHARED_MEMORY))
        yield Scratch(folder, memory)


def _clear_left(base: Path) -> None:
    """Remove our folders whose run has ended without doing so."""
    for lock in base.glob(f"{_PREFIX}*/{_LOCK}"):
        with contextlib.suppress(OSError):
            if _is_left(lock):
                shutil.rmtree(lock.parent)


def _is_left(lock: Path) -> bool:
    """Whether the folder is this user's, and nobody holds its lock any more."""
    if lock.parent.is_symlink() or lock.parent.stat().st_uid != os.getuid():
        return False
    if time.time() - lock.stat().st_mtime < _YOUNG:
        return False
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return True


def is_of_living_run(path: Path) -> bool:
    """Whether a file lies right in the temporary folder of a run of this user that has not ended.

    A lock tells that, which no file can bring along.
    """
    folder = path.parent
    try:
        found = folder.stat()
        if found.st_uid != os.getuid() or found.st_mode & 0o077:
            return False
        with (folder / _LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (OSError, ValueError):
        pass
    return False
