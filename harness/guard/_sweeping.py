"""Telling the sweeper what to remove when this process has ended."""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

_PROGRAM = Path(__file__).with_name("sweeper.py")
_ENDING_SECONDS = 8.0


class _Sweeper:
    """The process of the sweeper: started with its first task, and started again if it was killed."""

    def __init__(self) -> None:
        self._paths: dict[Path, None] = {}
        self._lock = threading.RLock()
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def sweep(self, path: Path) -> None:
        with self._lock:
            self._paths[path] = None
            self._tell(b"+" + os.fsencode(path) + b"\0")

    def spare(self, path: Path) -> None:
        with self._lock:
            if path in self._paths:
                del self._paths[path]
                self._tell(b"-" + os.fsencode(path) + b"\0")

    def _tell(self, record: bytes) -> None:
        try:
            if self._line is None:
                raise BrokenPipeError
            self._line.sendall(record)
        except OSError:
            self._start()

    def _start(self) -> None:
        self.end()
        with contextlib.suppress(OSError):  # without a sweeper, the next run removes these files
            self._line, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", str(_PROGRAM), str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )
            self._line.sendall(b"".join(b"+" + os.fsencode(path) + b"\0" for path in self._paths))

    def disown(self) -> None:
        """Leave the process to whom it belongs."""
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            self._process.returncode = 0  # nobody waits for it here

    def end(self) -> None:
        with self._lock:
            if self._line is not None:
                with contextlib.suppress(OSError):
                    self._line.shutdown(socket.SHUT_WR)
                self._line.close()
            if self._process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(_ENDING_SECONDS)
            self._line = self._process = None


_sweeper = _Sweeper()


def _begin_anew() -> None:
    """A copy of this process made by forking has a sweeper of its own: the other one is not its to end."""
    global _sweeper
    _sweeper.disown()
    _sweeper = _Sweeper()


os.register_at_fork(after_in_child=_begin_anew)


@atexit.register
def _end() -> None:
    _sweeper.end()


def sweep(path: Path) -> None:
    """Have a file or folder removed when this process ends, however it ends; it need not be there yet."""
    _sweeper.sweep(path.absolute())


def spare(path: Path) -> None:
    """Leave alone after all what was to be swept."""
    _sweeper.spare(path.absolute())
