"""Memory on the GPU, against a stand-in for the driver: no card is at hand."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from harness import gpu_memory


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """No driver remembered from another test."""
    gpu_memory._driver.cache_clear()
    yield
    gpu_memory._driver.cache_clear()


def test_memory_of_a_process_is_summed_over_the_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    running = {
        0: [SimpleNamespace(pid=7, usedGpuMemory=100), SimpleNamespace(pid=8, usedGpuMemory=50)],
        1: [SimpleNamespace(pid=7, usedGpuMemory=None), SimpleNamespace(pid=7, usedGpuMemory=11)],
    }
    driver = SimpleNamespace(
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: 2,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetComputeRunningProcesses=lambda card: running[card],
    )
    monkeypatch.setitem(sys.modules, "pynvml", driver)
    assert gpu_memory.process_bytes(7) == 111
    assert gpu_memory.process_bytes(9) == 0


def test_without_the_package_the_answer_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert gpu_memory.process_bytes(os.getpid()) == 0


def test_without_a_driver_the_answer_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class NVMLError(Exception):
        pass

    def no_driver() -> None:
        raise NVMLError

    monkeypatch.setitem(sys.modules, "pynvml", SimpleNamespace(NVMLError=NVMLError, nvmlInit=no_driver))
    assert gpu_memory.process_bytes(os.getpid()) == 0
