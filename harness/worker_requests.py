"""Writes requests to a worker's pipe, and gives up if the worker does not read them in time."""

from __future__ import annotations

import contextlib
import json
import os
import select
import threading
import time
from typing import Any

from harness import json_codec
from harness.requests import Request


class Requests:
    """The pipe from which a worker reads its requests."""

    def __init__(self, pipe: int) -> None:
        """Take over the descriptor of a pipe."""
        self._pipe: int | None = pipe
        self._number = 0
        self._lock = threading.Lock()
        os.set_blocking(pipe, False)

    def send(self, request: Request[Any], timeout: float) -> int:
        """Write a request; its number.

        BrokenPipeError says that the worker has closed the pipe, TimeoutError that it did not read in time.
        """
        self._number += 1
        arguments = json_codec.to_plain(request)
        line = json.dumps({"number": self._number, "verb": request.verb, "arguments": arguments})
        with self._lock:
            self._write(line.encode() + b"\n", time.monotonic() + timeout)
        return self._number

    def _write(self, text: bytes, limit: float) -> None:
        if self._pipe is None:
            raise BrokenPipeError
        poll = select.poll()
        poll.register(self._pipe, select.POLLOUT)
        left = memoryview(text)
        while left:
            if not poll.poll(max(0.0, limit - time.monotonic()) * 1000):
                raise TimeoutError
            with contextlib.suppress(BlockingIOError):
                left = left[os.write(self._pipe, left) :]

    def close(self) -> None:
        """Say that there will be no more requests."""
        with self._lock:
            if self._pipe is not None:
                os.close(self._pipe)
                self._pipe = None
