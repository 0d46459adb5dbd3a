"""Measures what a run costs: how far memory rises, and the times of a block."""

from __future__ import annotations

import contextlib
import resource
import time
from pathlib import Path

from harness.answers import Times
from harness.host_memory import highest_bytes, resident_bytes


class Stopwatch:
    """Measures the times since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def times(self) -> Times:
        """The times since the start."""
        return Times(time.perf_counter() - self._wall, time.process_time() - self._cpu)


def reset_peak() -> int:
    """Start measuring the peak of resident memory anew; what is resident now, in bytes."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return resident_bytes()


def peak_bytes() -> int:
    """The highest resident memory since `reset_peak`."""
    return highest_bytes() or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
