"""Trials that would end too late are not begun; the clock is ours."""

from __future__ import annotations

import pytest

from harness.sides import in_time as module
from harness.sides.in_time import in_time


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(module, "time", found)
    return found


def begun(clock: Clock, lengths: list[float], seconds: float) -> int:
    count = 0
    for length in in_time(lengths, seconds):
        clock.now += length
        count += 1
    return count


def test_all_are_begun_where_there_is_time(clock: Clock) -> None:
    assert begun(clock, [1.0] * 5, 60.0) == 5


def test_the_first_one_is_always_begun(clock: Clock) -> None:
    assert begun(clock, [5.0, 1.0], 0.0) == 1


def test_none_is_begun_that_would_end_too_late(clock: Clock) -> None:
    assert begun(clock, [1.0] * 9, 4.5) == 4
    assert begun(clock, [0.1, 3.0, 0.1, 0.1], 5.0) == 2  # another one of three seconds would


def test_one_that_was_begun_in_time_may_end_later(clock: Clock) -> None:
    assert begun(clock, [1.0, 30.0, 1.0], 4.0) == 2


def test_what_is_left_can_be_taken_later(clock: Clock) -> None:
    waiting = in_time([1, 2, 3], 10.0)
    assert next(waiting) == 1
    assert list(waiting) == [2, 3]
