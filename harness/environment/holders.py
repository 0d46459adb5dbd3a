"""Which folders a living process has something of: mapped, open, or as its working directory."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.errors import NoEnvironment

_PROCESSES = Path("/proc")


def held(folders: Iterable[Path], processes: Path = _PROCESSES) -> dict[Path, int]:
    """Those of the folders that a process of this user is using, with its number."""
    wanted = {f"{folder.resolve()}{os.sep}": folder for folder in folders}
    found: dict[Path, int] = {}
    for number in _numbers(processes):
        for used in _used(processes / str(number)):
            for beginning, folder in wanted.items():
                if f"{used}{os.sep}".startswith(beginning):
                    found.setdefault(folder, number)
    return found


def _numbers(processes: Path) -> list[int]:
    try:
        return [int(name.name) for name in processes.iterdir() if name.name.isdigit()]
    except OSError as error:
        raise NoEnvironment(
            f"{processes} cannot be read ({error.strerror}), so it is not known which folders are in use"
        ) from error


def _used(process: Path) -> Iterator[str]:
    """What a process uses; a process that has just ended, or is another user's, uses nothing here."""
    with contextlib.suppress(OSError):
        for line in (process / "maps").read_text(encoding="utf-8", errors="replace").splitlines():
            if (place := line.find(os.sep)) >= 0:
                yield line[place:]
    with contextlib.suppress(OSError):
        yield str((process / "cwd").readlink())
    with contextlib.suppress(OSError):
        for open_file in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                yield str(open_file.readlink())
