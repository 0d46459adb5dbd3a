"""Temporary folders of a run: on the disk, and for its traces in memory where there is plenty of that.

A trace holds every tensor of a model and is read once: written to memory it costs half as much. A folder goes
with its run, however that ends. It is locked as long as the run lives: should the sweeper be killed as well,
the next run clears the folder away.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from harness import guard
from harness.environment.places import free_bytes
from harness.errors import HarnessError, NoEnvironment, WorkerLost
from harness.host_memory import available_bytes
from harness.huge_pages import SHARED_MEMORY

_PREFIX = "align-"
_LOCK = ".alive"
_YOUNG = 60.0  # seconds: a folder made just now may not be locked yet
_TRACES = 4  # of one size that a run may hold at once: both sides', the layers alone, one to spare
_SHARE = 0.5  # of the available memory that they may take
_FULL = (errno.ENOSPC, errno.EDQUOT)
_ADVICE = "Free some space there, or name a folder with more with TMPDIR"


class Scratch:
    """The folder of one run, and the one in memory for its traces."""

    def __init__(self, folder: Path, memory: Path | None) -> None:
        self.folder, self.memory = folder, memory

    def place(self, name: str, size: int) -> Path:
        """Where a trace of about `size` bytes goes."""
        if self.memory is not None and _TRACES * size <= _spare_memory(self.memory):
            return self.memory / name
        return self.folder / name

    def file(self, name: str) -> Path:
        """A small file, in memory where there is such a folder; an older one of that name goes."""
        path = (self.memory or self.folder) / name
        path.unlink(missing_ok=True)
        return path


def _spare_memory(folder: Path) -> float:
    return min(free_bytes(folder), _SHARE * available_bytes())


@contextlib.contextmanager
def scratch_folder(base: Path | None = None) -> Iterator[Path]:
    """A temporary folder in `base`, in TMPDIR or where the system keeps such; gone with the run."""
    with contextlib.ExitStack() as stack:
        try:
            folder = _made(Path(base or tempfile.gettempdir()), stack)
        except OSError as error:
            raise NoEnvironment(
                f"there can be no temporary folder in {base or error.filename or 'any of the usual places'}: "
                f"{error.strerror}. {_ADVICE}"
            ) from error
        try:
            yield folder
        except (HarnessError, OSError) as error:
            _explain(folder, error)
            raise


def _made(place: Path, stack: contextlib.ExitStack) -> Path:
    """A new folder that is locked, and removed when the stack is left."""
    _clear_left(place)
    folder = place / f"{_PREFIX}{secrets.token_hex(8)}"
    stack.callback(_remove, folder)
    guard.sweep(folder)
    folder.mkdir(mode=0o700)
    lock = stack.enter_context((folder / _LOCK).open("w"))
    fcntl.flock(lock, fcntl.LOCK_EX)
    return folder


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        guard.spare(folder)


def _explain(folder: Path, error: Exception) -> None:
    """Say so where a run failed for want of its folder, or of room in it."""
    if not folder.is_dir():
        raise WorkerLost(
            f"the run stopped short: its temporary folder {folder} was removed while it ran. "
            "Run it again; set TMPDIR to a folder that no program cleans up"
        ) from error
    if isinstance(error, OSError):
        full, where = error.errno in _FULL, error.filename
    else:
        full, where = any(os.strerror(number) in str(error) for number in _FULL), str(error)
    if full and str(folder) in str(where):
        raise NoEnvironment(f"{error}. {_ADVICE}") from error


@contextlib.contextmanager
def scratch() -> Iterator[Scratch]:
    """The folders of a run. A TMPDIR that is set is where everything goes, traces too."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(scratch_folder())
        memory = None
        if not os.environ.get("TMPDIR") and os.access(SHARED_MEMORY, os.W_OK | os.X_OK):
            with contextlib.suppress(NoEnvironment):  # where it is full, the disk serves
                memory = stack.enter_context(scratch_folder(SHARED_MEMORY))
        yield Scratch(folder, memory)


def _clear_left(base: Path) -> None:
    """Remove our folders whose run has ended without doing so."""
    for lock in base.glob(f"{_PREFIX}*/{_LOCK}"):
        with contextlib.suppress(OSError):
            if _is_left(lock):
                shutil.rmtree(lock.parent)


def _is_left(lock: Path) -> bool:
    """Whether the folder belongs to this user and no process has its lock."""
    if lock.parent.is_symlink() or lock.parent.stat().st_uid != os.getuid():
        return False
    if time.time() - lock.stat().st_mtime < _YOUNG:
        return False
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return True


def is_of_living_run(path: Path) -> bool:
    """Whether a file lies right in the temporary folder of a run of this user that has not ended.

    A lock shows that; a copied file does not carry one.
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
