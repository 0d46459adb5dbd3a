"""Runs a conversion in a child process; the parent reports what killed it.

The source is mapped, since copying it would cost more memory, and to touch what somebody has cut off a mapped
file ends a process: nothing can be caught inside it. What the process had begun to write is cleared away.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from collections.abc import Callable
from typing import NoReturn

_FORWARDED = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
_PARENT_DEATH_SIGNAL = 1  # an option of prctl


def supervised(killed: Callable[[signal.Signals], NoReturn]) -> None:
    """Go on as a new process. The old one waits, and ends as it does, or by `killed` if a signal ended it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*_FORWARDED, signal.SIGCHLD})
    parent, child = os.getpid(), os.fork()
    if not child:
        os.setpgid(0, 0)  # what the terminal sends comes once, by the parent
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(0)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return
    code = _end_of(child)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if code < 0:
        killed(signal.Signals(-code))
    os._exit(code)


def _end_of(child: int) -> int:
    """Hand on what is sent to us until the child has ended; its exit code."""
    while True:
        found = signal.sigwaitinfo({*_FORWARDED, signal.SIGCHLD}).si_signo
        if found == signal.SIGCHLD:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, found)
