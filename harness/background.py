"""Work that is done again and again beside something else, until that has ended."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def repeating(
    work: Callable[[], bool | None], seconds: float, patience: float | None = None
) -> Iterator[None]:
    """Do the work every so many seconds until the context is left, or until it returns True.

    `patience` is how long the end waits for work that has begun; None waits for it to finish.
    """
    stop = threading.Event()

    def repeat() -> None:
        while not stop.wait(seconds):
            if work():
                return

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(patience)
