"""Reads the answers of a worker from its pipe: whole lines of limited length, and only answers.

A model runs in the same process and may write to the pipe as well, by mistake or not. Each answer therefore
repeats the number of its request, and whatever else comes is nonsense, which ends the worker.
"""

from __future__ import annotations

import json
import os
import select
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Union

from harness import json_codec
from harness.strict_json import require_shallow

MOST_BYTES = 8 << 20  # a model of 1600 tensors answers with 0.2 MB
_MOST_WAITING = 16  # answers that nobody asked for
_CHUNK = 1 << 16
_PAUSE = 0.2  # seconds between two looks at whether the worker is still there
_SHOWN = 60


class Nonsense(Exception):
    """Something other than an answer came; the text says what."""


@dataclass(frozen=True)
class Result:
    """The result of a request."""

    number: int
    value: Any


@dataclass(frozen=True)
class Failure:
    """Why a request could not be carried out."""

    number: int
    kind: str
    message: str


Answer = Union[Result, Failure]


def parse(line: bytes) -> Answer:
    """One line as an answer."""
    try:
        require_shallow(line)
        message = json.loads(line)
    except (ValueError, RecursionError):
        raise Nonsense(shown(line)) from None
    number = message.get("number") if isinstance(message, dict) else None
    if type(number) is not int:
        raise Nonsense(shown(line))
    if "result" in message:
        return Result(number, message["result"])
    error = message.get("error")
    if isinstance(error, dict):
        kind, message = error.get("kind"), error.get("message")
        if isinstance(kind, str) and isinstance(message, str):
            return Failure(number, kind, message)
    raise Nonsense(shown(line))


def read_result(kind: Any, value: Any) -> Any:
    """A result as the type that its request promises."""
    try:
        return json_codec.from_plain(kind, value, "it")
    except json_codec.Unfit as error:
        raise Nonsense(f"a result that does not fit ({error})") from None


def shown(line: bytes | bytearray) -> str:
    """The beginning of a line, as it can be shown."""
    return ascii(line[:_SHOWN].decode(errors="replace")) + ("..." if len(line) > _SHOWN else "")


class PipeListener:
    """Reads a pipe in a thread of its own, and ends with the pipe or with the process behind it."""

    def __init__(self, pipe: int, has_ended: Callable[[], bool]) -> None:
        """Take over the descriptor of a pipe; `has_ended` says whether its writer has ended."""
        self._pipe, self._has_ended = pipe, has_ended
        self._changed = threading.Condition()
        self._found: deque[Answer] = deque()
        self._nonsense: Nonsense | None = None
        self._listens, self._wanted = True, True
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def get(self, timeout: float) -> Answer | None:
        """The next answer, or None where there will be no more; raises Nonsense, or TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._found or not self._listens, timeout):
                raise TimeoutError
            if self._found:
                self._changed.notify_all()
                return self._found.popleft()
        if self._nonsense is not None:
            raise self._nonsense
        return None

    def close(self) -> None:
        """Listen no more, and close the pipe."""
        with self._changed:
            self._wanted = False
            self._changed.notify_all()
        self._thread.join(10 * _PAUSE)

    def _listen(self) -> None:
        nonsense = None
        try:
            for line in self._lines():
                self._put(parse(line))
        except Nonsense as problem:
            nonsense = problem
        except OSError:
            pass  # a pipe that cannot be read has ended
        finally:
            os.close(self._pipe)
            with self._changed:
                self._listens, self._nonsense = False, nonsense
                self._changed.notify_all()

    def _put(self, answer: Answer) -> None:
        """Queue an answer; a worker that writes answers without requests has to wait."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._found) < _MOST_WAITING or not self._wanted)
            self._found.append(answer)
            self._changed.notify_all()

    def _lines(self) -> Iterator[bytes]:
        begun = bytearray()
        for chunk in self._chunks():
            *ends, rest = chunk.split(b"\n")
            for end in ends:
                yield bytes(begun + end)
                begun.clear()
            begun += rest
            if len(begun) > MOST_BYTES:
                raise Nonsense(f"a line of more than {MOST_BYTES >> 20} MiB that begins with {shown(begun)}")

    def _chunks(self) -> Iterator[bytes]:
        """What comes, until all ends of the pipe are closed or the process behind it has ended."""
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        while self._wanted:
            ended = self._has_ended()
            if poll.poll(_PAUSE * 1000):
                chunk = os.read(self._pipe, _CHUNK)
                if not chunk:
                    return
                yield chunk
            elif ended:
                return
