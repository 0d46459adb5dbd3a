"""Removing a folder of compiled code: whole, never while a process holds it, never through a link."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from harness import files
from harness.environment import holders
from harness.environment.compiled import LOCK
from harness.errors import BadInput


def remove(path: Path, home: Path) -> str:
    """Remove a folder below Jittor's home, at once or not at all; why it was left, if it was."""
    _require_inside(path, home)
    with _jittor_waits(path.parent / LOCK) as locked:
        if not locked:
            return "a process is compiling there"
        if number := holders.held([path]).get(path):
            return f"process {number} uses it"
        away = path.with_name(f"{files.PREFIX}{secrets.token_hex(4)}{files.SUFFIX}")
        try:
            path.rename(away)
        except FileNotFoundError:
            return "it is gone already"
        except OSError as error:
            return error.strerror or str(error)
    shutil.rmtree(away, ignore_errors=True)  # what is left of it goes with the next one
    return ""


def _require_inside(path: Path, home: Path) -> None:
    """Refuse what is not a real folder, reached through real folders alone, below the home."""
    inner = path.relative_to(home)
    for place in [home / part for part in [*inner.parents][::-1][1:]] + [path]:
        if place.is_symlink() or not place.is_dir():
            raise BadInput(f"{place} is no folder but a link or a file, so nothing below it is removed")


@contextlib.contextmanager
def _jittor_waits(lock: Path) -> Iterator[bool]:
    """Hold the lock under which Jittor compiles its core, where there is one; False where it is taken."""
    try:
        file = os.open(lock, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        yield True
        return
    except OSError:  # a link, or not to be written
        yield False
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        yield False
    else:
        yield True
    finally:
        os.close(file)
