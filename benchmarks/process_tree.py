"""What a command costs with all processes below it: processor time, and the peak of memory."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_EVERY = 1.0  # seconds between two looks at memory
_IN_MEMORY = "/dev/shm/"
_NO_CHECKS = 5  # the exit code of a training of which nothing was decided


@dataclass(frozen=True)
class TreeCost:
    """Seconds of processor time, user and system, and bytes of memory, files in memory included."""

    cpu: float
    peak: int


def measured(words: Sequence[str], environment: Mapping[str, str]) -> TreeCost:
    """Run a command to the end of all that it starts."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # what it leaves behind is waited for here
    before = _spent()
    with subprocess.Popen(words, env=dict(environment), stdout=subprocess.DEVNULL) as process:
        peak = max(_peaks(process))
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    if process.returncode not in (0, _NO_CHECKS):
        raise SystemExit(f"{' '.join(words)} ended with {process.returncode}")
    return TreeCost(_spent() - before, peak)


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _peaks(process: subprocess.Popen[bytes]) -> Iterator[int]:
    yield 0
    while process.poll() is None:
        pids = _below(process.pid)
        folders = {folder for pid in pids for folder in _folders(pid)}
        yield sum(map(_own_bytes, pids)) + sum(map(_size, folders))
        time.sleep(_EVERY)


def _below(pid: int) -> list[int]:
    """A process and those below it."""
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [pid, *(one for child in text.split() for one in _below(int(child)))]
    return [pid]


def _own_bytes(pid: int) -> int:
    """Memory of a process, its share of what it shares with others; without files in memory."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        found = {words[0]: int(words[1]) for words in map(str.split, lines) if words[0].startswith("Pss")}
        return 1024 * (found["Pss_Anon:"] + found["Pss_File:"])
    return 0


def _folders(pid: int) -> set[Path]:
    """The temporary folders in memory of a run: one of its processes holds a lock in each."""
    found = set()
    with contextlib.suppress(OSError):
        for number in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                target = number.readlink()
                if str(target).startswith(_IN_MEMORY):
                    found.add(target.parent)
    return {folder for folder in found if str(folder) + "/" != _IN_MEMORY}


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.stat().st_blocks * 512
    return total
