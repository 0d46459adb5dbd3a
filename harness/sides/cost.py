"""What a run costs: time, and the peak of memory it adds."""

from __future__ import annotations

import contextlib
import resource
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What one run took: seconds of wall clock and of processor, and how far memory rose above its start."""

    wall: float
    cpu: float
    peak_bytes: int
    device_peak_bytes: int = 0


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
