"""Measures what a run costs: how far memory rises, and the times of a block."""

from __future__ import annotations

import contextlib
import resource
import time
from pathlib import Path

from harness.answers import Times


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
    return _status("VmRSS")


def peak_bytes() -> int:
    """The highest resident memory since `reset_peak`."""
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _status(field: str) -> int:
    with contextlib.suppress(OSError), Path("/proc/self/status").open() as lines:
        for line in lines:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    return 0
