"""Ctrl-C asks a long run to stop after its step; what is asked once more ends it at once."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any


class Asked:
    """Whether somebody has asked the run to stop."""

    def __init__(self) -> None:
        self.number: int | None = None
        self.before: dict[int, Any] = {}

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Remember it, and let the next signal do what it did before."""
        self.number = number
        self.restore()

    def restore(self) -> None:
        """Give the signals back."""
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def raise_signal(self) -> None:
        """Let the signal that came do what it does elsewhere."""
        assert self.number is not None
        self.restore()
        signal.raise_signal(self.number)


@contextlib.contextmanager
def asked_to_stop() -> Iterator[Asked]:
    """In here SIGINT and SIGTERM are remembered; only the main thread of a process can do so."""
    asked = Asked()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)
        if before is not signal.SIG_IGN and before is not None:
            asked.before[number] = before
            signal.signal(number, asked.handle)
    try:
        yield asked
    finally:
        asked.restore()
