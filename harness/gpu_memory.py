"""Memory that a process uses on the GPU, from the driver: a measure that suits both frameworks.

It needs the optional package nvidia-ml-py; without it, or without a card, the answer is 0.
"""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def _driver() -> Any:
    """NVML started once, or None where it cannot be."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:  # no driver, or no card
        return None
    return pynvml


def process_bytes(pid: int) -> int:
    """Bytes that process `pid` holds on all cards together."""
    driver = _driver()
    if driver is None:
        return 0
    total = 0
    for index in range(driver.nvmlDeviceGetCount()):
        card = driver.nvmlDeviceGetHandleByIndex(index)
        for process in driver.nvmlDeviceGetComputeRunningProcesses(card):
            if process.pid == pid:
                total += process.usedGpuMemory or 0
    return total
