"""Opening a file that somebody names: a regular one, without waiting, and noticing when it changes.

To open a pipe waits for whoever writes into it, and a device may never end: neither is read.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

from harness.errors import BadInput


class Version(NamedTuple):
    """Which file it is, and in which state."""

    device: int
    number: int
    size: int
    changed: int


def open_regular(path: Path) -> int:
    """Open a regular file for reading; BadInput says what else it is."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        through = f" is a link to {os.readlink(path)}, which" if path.is_symlink() else ""
        raise BadInput(f"{path}{through} does not exist") from error
    except PermissionError as error:
        raise BadInput(f"{path} may not be read by this user") from error
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be opened: {getattr(error, 'strerror', None) or error}") from error
    mode = os.fstat(file).st_mode
    if stat.S_ISREG(mode):
        return file
    os.close(file)
    if stat.S_ISDIR(mode):
        raise BadInput(f"{path} is a folder; name a file in it")
    raise BadInput(f"{path} is no regular file; copy what comes from it into one")


def version(file: int) -> Version:
    """The state of an open file."""
    return _version(os.fstat(file))


def _version(found: os.stat_result) -> Version:
    return Version(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def require_unchanged(path: Path, before: Version) -> None:
    """Refuse a file that has changed since it was opened."""
    try:
        now = _version(path.stat())
    except OSError as error:
        raise BadInput(f"{path} was removed while it was read ({error.strerror})") from error
    require_same(path, before, now)


def require_same(path: Path, before: Version, now: Version) -> None:
    """Refuse a file that has another state than before."""
    if now != before:
        what = "replaced" if now[:2] != before[:2] else "changed"
        raise BadInput(f"{path} was {what} while it was read. Do this again when nothing writes to it")
