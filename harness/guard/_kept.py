"""Starts a program that ends when we end, together with everything that it started itself."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Union

_PROGRAM = Path(__file__).with_name("keeper.py")
_STARTING_SECONDS = 60.0
_ENDING_SECONDS = 8.0  # somewhat longer than the keeper takes at most

Stream = Union[int, IO[bytes], None]


class Kept:
    """A running program, in a session of its own. `process` ends as the program ends, and never before it."""

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        *,
        stdin: Stream = subprocess.DEVNULL,
        stdout: Stream = subprocess.DEVNULL,
        stderr: Stream = None,
    ) -> None:
        """Start the program; an OSError says why it cannot be run."""
        self.pid = 0
        self._received = b""
        self._ending = threading.Lock()
        self._line, theirs = socket.socketpair()
        try:
            with theirs:
                self.process = subprocess.Popen(
                    [sys.executable, "-I", "-S", str(_PROGRAM), str(theirs.fileno()), *command],
                    stdin=stdin,
                    stdout=stdout,
                    stderr=stderr,
                    env=env,
                    bufsize=0,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )
        except BaseException:
            self._line.close()
            raise
        try:
            self.pid = self._started(command[0])
        except BaseException:
            self.end()
            for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
                if pipe is not None:
                    pipe.close()
            raise

    def _started(self, program: str) -> int:
        """The program's process id, once it runs."""
        self._line.settimeout(_STARTING_SECONDS)
        self._received = self._line.recv(64)
        word, _, number = self._received.decode().partition("\n")[0].partition(" ")
        if word == "errno":
            raise OSError(int(number), os.strerror(int(number)), program)
        if word != "pid":
            raise ChildProcessError(None, "the process that was to start it was killed", program)
        return int(number)

    def end(self) -> None:
        """End the program and all that it started, at once; nothing to do where they have ended."""
        with self._ending:
            self._end()

    def _end(self) -> None:
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_WR)
        if not self._ends_within(_ENDING_SECONDS):
            self.process.kill()
            self._ends_within(_ENDING_SECONDS)
        if self.pid and not self._keeper_ended_all():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self._line.close()

    def _ends_within(self, seconds: float) -> bool:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        return self.process.returncode is not None

    def _keeper_ended_all(self) -> bool:
        """Whether the keeper did its work to the end: somebody may have killed it."""
        with contextlib.suppress(OSError):  # the line is closed where this was asked before
            self._line.setblocking(False)
            self._received += self._line.recv(64)
        return b"ended" in self._received
