"""How far Jittor's core is compiled, read from its cache while a worker compiles it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

_OBJECTS = "obj_files"
_SKIPPED = ("jit", "custom_ops", "checkpoints", "gen", "tmp")  # thousands of files, and none of the core's
_DEEPEST = 10


class CoreProgress:
    """Counts what is compiled below Jittor's home from now on."""

    def __init__(self, home: Path) -> None:
        self._home, self._began = home, time.time() - 1  # clocks of file systems are coarse

    def compiled(self) -> int:
        """Files of the core that have been compiled since."""
        return sum(1 for place in _object_folders(self._home, _DEEPEST) for _ in self._new(place))

    def _new(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        for entry in _entries(folder):
            if entry.name.endswith(".o") and entry.stat().st_mtime >= self._began:
                yield entry


def _object_folders(folder: Path, depth: int) -> Iterator[Path]:
    for entry in _entries(folder) if depth else ():
        if not entry.is_dir(follow_symlinks=False) or entry.name in _SKIPPED:
            continue
        path = Path(entry.path)
        if entry.name == _OBJECTS:
            yield path
        else:
            yield from _object_folders(path, depth - 1)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What lies in a folder, while others write there."""
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:  # it has just gone
        return []
