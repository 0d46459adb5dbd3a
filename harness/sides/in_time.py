"""As many of some trials as there is time for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def in_time(trials: Iterable[Item], seconds: float) -> Iterator[Item]:
    """The first trial, and those after it that end in time if none takes longer than the longest before."""
    until = time.monotonic() + seconds
    began, longest = time.monotonic(), 0.0
    for number, trial in enumerate(trials):
        if number:
            now = time.monotonic()
            began, longest = now, max(longest, now - began)
            if now + longest > until:
                return
        yield trial
