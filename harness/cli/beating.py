"""What a command without sides does: said on standard error, and said again where it goes on for long."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from harness import process
from harness.background import repeating
from harness.environment.core_progress import CoreProgress
from harness.environment.places import cache_folder
from reports.words import count

_PAUSE = 5.0


class Beating:
    """Tells what is done, and how long the last of it has been going on."""

    def __init__(self, name: str, pause: float = _PAUSE) -> None:
        self._name, self._pause = name, pause
        self._core = CoreProgress(cache_folder() / "jittor")
        self._lock = threading.Lock()
        self._doing, self._began, self._told = "", 0.0, 0.0

    def say(self, text: str) -> None:
        """Something begins, or has happened."""
        with self._lock:
            self._doing, self._began = text.partition("\n")[0], time.monotonic()
            self._tell(text)

    def beat(self) -> None:
        """Say once more what goes on, if nothing was said for a while."""
        with self._lock:
            if self._doing and time.monotonic() - self._told >= self._pause:
                self._tell(f"{self._doing}: {time.monotonic() - self._began:.0f} s so far{self._compiled()}")

    def _compiled(self) -> str:
        files = self._core.compiled()
        return f", {count(files, 'file')} of Jittor's core compiled, the first time only" if files else ""

    def _tell(self, text: str) -> None:
        self._told = time.monotonic()
        process.tell(self._name, text)


@contextlib.contextmanager
def beating(name: str) -> Iterator[Callable[[str], None]]:
    """How a command tells what it does; until the end of the block it is never silent for long."""
    told = Beating(name)
    with repeating(told.beat, _PAUSE / 5, _PAUSE):
        yield told.say
