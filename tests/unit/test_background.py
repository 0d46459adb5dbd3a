"""Work beside something else."""

from __future__ import annotations

import threading
import time

import pytest

from harness.background import repeating


def test_it_is_done_again_and_again_and_ends_with_the_context() -> None:
    done = threading.Semaphore(0)
    with repeating(lambda: done.release(), 0.001):
        for _ in range(3):
            assert done.acquire(timeout=10)
    before = threading.active_count()
    while done.acquire(blocking=False):
        pass
    time.sleep(0.02)
    assert not done.acquire(blocking=False)
    assert threading.active_count() == before


def test_work_that_says_true_is_not_done_again() -> None:
    calls: list[int] = []

    def work() -> bool:
        calls.append(1)
        return True

    with repeating(work, 0.001):
        deadline = time.monotonic() + 10
        while not calls and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.02)
    assert calls == [1]


def test_it_ends_when_the_context_fails() -> None:
    before = threading.active_count()
    with pytest.raises(ValueError, match="no"), repeating(lambda: None, 0.001):
        raise ValueError("no")
    assert threading.active_count() == before
