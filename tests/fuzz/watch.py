"""What one input may cost: memory above the size of its file, and processor time."""

from __future__ import annotations

import contextlib
import os
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

MEMORY = 200 << 20
"""Bytes that a reader may take above the size of the file."""
SECONDS = 15.0
"""Processor time that a file of some kilobytes may take, a reader's own processes included.

Where the HDF5 library goes round in circles, its process is stopped after 10.
"""

_ROOM = 1 << 30
"""Memory that can be had at all while a file is read, so that a fault does not take the machine's."""


class TooMuch(Exception):
    """An input that cost more than any may."""


@dataclass(frozen=True)
class Spent:
    """What one input has cost."""

    memory: int = 0
    seconds: float = 0.0

    def most(self, other: Spent) -> Spent:
        """The larger of each."""
        return Spent(max(self.memory, other.memory), max(self.seconds, other.seconds))


def watched(read: Callable[[], None], size: int) -> Spent:
    """Read a file of `size` bytes and say what it cost; TooMuch where that is beyond the bounds."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    memory, seconds = _resident("VmRSS"), _processor_time()
    with _bounded(_resident("VmSize") + size + _ROOM):
        read()
    spent = Spent(max(0, _resident("VmHWM") - memory - size), _processor_time() - seconds)
    if spent.memory > MEMORY:
        raise TooMuch(f"{size:,} bytes took {spent.memory:,} bytes of memory above them")
    if spent.seconds > SECONDS:
        raise TooMuch(f"{size:,} bytes took {spent.seconds:.1f} s of processor time")
    return spent


@contextlib.contextmanager
def _bounded(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _processor_time() -> float:
    """Of this process, of those that it started and that have ended, and of those that still serve it."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    serving = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return time.process_time() + ended.ru_utime + ended.ru_stime + sum(map(_family_time, serving))


def _family_time(process: str) -> float:
    """Processor time of a process and of its children that have ended, in steps of a hundredth second."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended just now
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _resident(field: str) -> int:
    """A size of this process: resident now (VmRSS), at most since the peak began anew (VmHWM), or mapped."""
    with open("/proc/self/status", "rb") as file:  # noqa: PTH123 (a Path for every input takes longer)
        text = file.read()
    start = text.index(field.encode()) + len(field) + 1
    return int(text[start : text.index(b"kB", start)]) * 1024
