"""Where things are kept: the cache folder, which no other user may have a hand in."""

from __future__ import annotations

import os
from pathlib import Path

from harness.errors import NoEnvironment
from harness.other_users import can_be_replaced, others_hand

CACHE = "ALIGN_CACHE"


def cache_folder() -> Path:
    """Where compiled operators and truths are kept: $ALIGN_CACHE, else `align` in the user's cache folder."""
    if named := os.environ.get(CACHE):
        return Path(named).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "align"


def kept_folder(name: str) -> Path:
    """A folder of the cache, made where there is none; NoEnvironment where another user could write there."""
    cache = cache_folder()
    for folder in (cache, cache / name):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise NoEnvironment(
                f"{error.filename or folder} cannot be written: {error.strerror}. "
                f"Name a writable folder with {CACHE}"
            ) from error
        if wrong := others_hand(folder) or can_be_replaced(folder):
            raise NoEnvironment(
                f"the cache folder cannot be used: {wrong}. What lies there is run. "
                f"Name a folder that only you can write with {CACHE}"
            )
    return cache / name


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
