"""The process that a command runs in: its streams, the signals it gets, and the code it ends with.

0 and 1 are verdicts, and Python itself would end with 1 or with nothing said in many other cases: where
standard output is full or closed, where it is interrupted while it imports. So a command begins here and ends
here.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Any, NoReturn, TextIO

from harness.errors import (
    ALIGNED,
    CANNOT_WRITE,
    DIVERGED,
    INCONCLUSIVE,
    INTERRUPTED,
    PIPE_CLOSED,
    TERMINATED,
)
from harness.text import printable

RESTORED = "ALIGN_INTERRUPT"  # set by ./run where it had SIGINT ignored until a command looks after it
_CLEARING_SECONDS = 8.0
_MOMENT = 0.01  # seconds
_ENDINGS = {signal.SIGINT: (INTERRUPTED, "interrupted"), signal.SIGTERM: (TERMINATED, "terminated")}


class Terminated(KeyboardInterrupt):
    """Somebody asked the process to end; workers and scratch files are cleared away as after Ctrl-C."""


def run(name: str, load: Callable[[], Callable[[], object]]) -> NoReturn:
    """Be the program `name`: `load` imports it and returns what to call; that ends with `end`."""
    _open_streams()
    _end_at_once(name)
    try:
        command = load()
    except Exception as error:  # an import that fails becomes one line and an exit code
        from harness import mistake

        message, code = mistake.judged(name, sys.argv[1:], error)
        tell(name, message)
        end(code)
    command()
    raise AssertionError(f"{name} returned instead of ending")


@contextlib.contextmanager
def clearing_away() -> Iterator[None]:
    """In here a signal raises KeyboardInterrupt, so that workers and files can be cleared away first.

    The next one ends the process on the spot, and so does time: what is left then, the sweeper removes.
    """
    before = {number: signal.getsignal(number) for number in _ENDINGS}

    came: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        came.append(number)
        _restore(before)
        leave = before[signal.Signals(number)]
        if isinstance(leave, _Leave):
            late = threading.Timer(_CLEARING_SECONDS, leave, (number, None))
            late.daemon = True
            late.start()
        _raise(number, frame)

    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, interrupt)
    try:
        with _raised_again():
            yield
    except Exception as error:  # raised again, unless a signal was behind it
        if came:  # code in C turns what a signal raises into errors of its own
            raise _interruption(came[0]) from error
        raise
    finally:
        _restore(before)


@contextlib.contextmanager
def _raised_again() -> Iterator[None]:
    """In here what a signal raised in a callback of Python's own, which swallows it, is raised once more."""
    usual = sys.unraisablehook

    def again(lost: sys.UnraisableHookArgs) -> None:
        if not isinstance(lost.exc_value, KeyboardInterrupt):
            usual(lost)
            return
        number = signal.SIGTERM if isinstance(lost.exc_value, Terminated) else signal.SIGINT
        signal.signal(number, _raise)
        threading.Timer(_MOMENT, os.kill, (os.getpid(), number)).start()

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = usual


def _interruption(number: int) -> KeyboardInterrupt:
    return Terminated() if number == signal.SIGTERM else KeyboardInterrupt()


def _raise(number: int, frame: FrameType | None) -> NoReturn:
    raise _interruption(number)


def finished() -> None:
    """From now on signals come too late: everything is done, and what is left is to say so."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)


def _restore(handlers: Mapping[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)


def tell(name: str, message: str, hint: str = "") -> None:
    """Say one line on standard error, and a hint on another."""
    say(f"{name}: {printable(message)}\n" + (f"{hint}\n" if hint else ""))


def say(text: str) -> None:
    """Write to standard error; do nothing if it is closed."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        _silence(sys.stderr)


def write(name: str, stream: TextIO, text: str) -> int:
    """Write everything to standard output at once; return 0, or the exit code if that fails."""
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(text.encode(encoding, "replace").decode(encoding))
        stream.flush()
    except (OSError, ValueError) as error:
        _silence(stream)
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            return PIPE_CLOSED
        tell(name, f"standard output cannot be written: {_reason(error)}")
        return CANNOT_WRITE
    return 0


def end(code: int) -> NoReturn:
    """End the process; what is still to be written cannot change the code any more."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            _silence(stream)
            if stream is sys.stdout and code in (ALIGNED, DIVERGED, INCONCLUSIVE):
                code = CANNOT_WRITE
    sys.exit(code)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _open_streams() -> None:
    """Give each closed standard stream a file, or the next file that is opened would be taken for it."""
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:  # standard output is opened for reading: so that writing to it fails
            os.set_inheritable(os.open(os.devnull, flags), True)
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def _silence(stream: TextIO) -> None:
    """Let what is left to write vanish, since the interpreter flushes once more as it ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        stream.flush()


class _Leave:
    """A handler that ends the process on the spot."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, number: int, frame: FrameType | None) -> NoReturn:
        code, word = _ENDINGS[signal.Signals(number)]
        with contextlib.suppress(OSError):
            os.write(2, f"{self._name}: {word}\n".encode())
        if "--json" in sys.argv:
            with contextlib.suppress(OSError):
                os.write(1, f'{{"error": "{word}", "exit_code": {code}}}\n'.encode())
        os._exit(code)


def _end_at_once(name: str) -> None:
    """Until something has been begun, a signal ends the process on the spot."""
    ignored = os.environ.pop(RESTORED, "") == "" and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    for number in _ENDINGS:
        if not (number == signal.SIGINT and ignored):
            signal.signal(number, _Leave(name))
