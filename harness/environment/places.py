"""Where things are kept: the cache folder, and Jittor's home inside it."""

from __future__ import annotations

import os
from pathlib import Path

CACHE = "ALIGN_CACHE"


def cache_folder() -> Path:
    """Where compiled operators and truths are kept: $ALIGN_CACHE, else `align` in the user's cache folder."""
    if named := os.environ.get(CACHE):
        return Path(named).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "align"


def jittor_home() -> Path:
    """What JITTOR_HOME is set to."""
    return cache_folder() / "jittor"


def existing(path: Path) -> Path:
    """The path itself, or the nearest folder above it that exists."""
    return next(place for place in (path, *path.parents) if place.exists())


def writable(folder: Path) -> bool:
    """Whether files can be made in the folder, or the folder be made."""
    nearest = existing(folder)
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def free_bytes(path: Path) -> int:
    """The space left for files of this user where `path` is or would be."""
    state = os.statvfs(existing(path))
    return state.f_bavail * state.f_frsize


def used_bytes(folder: Path) -> int:
    """The size of all files below a folder; links and what vanishes meanwhile count nothing."""
    total, waiting = 0, [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                    elif entry.is_file(follow_symlinks=False):
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total
