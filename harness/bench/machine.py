"""The machine that figures are of."""

from __future__ import annotations

import contextlib
import os
import platform
from pathlib import Path

from harness.bench.result import BenchMachine


def this_machine(device_name: str) -> BenchMachine:
    """Processor, cores that this process may use, memory, device, system."""
    return BenchMachine(
        processor=_named("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory=int((_named("/proc/meminfo", "MemTotal") or "0").split()[0]) * 1024,
        device_name=device_name,
        system=platform.system(),
    )


def _named(file: str, name: str) -> str:
    """The value of a line NAME: VALUE."""
    with contextlib.suppress(OSError), Path(file).open(encoding="utf-8") as lines:
        for line in lines:
            key, _, value = line.partition(":")
            if key.strip() == name:
                return value.strip()
    return ""
