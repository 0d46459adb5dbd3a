"""Runs a program and keeps it: the program and all that it started end together, and with our parent.

It is run by itself, with the standard library alone: `keeper.py DESCRIPTOR COMMAND ...`. The descriptor is a
socket. On it goes out `pid NUMBER` when the program runs or `errno NUMBER` when it cannot, and `ended` when
nothing is left of it. Where the other end of the socket is closed, the program is ended. The keeper ends as
the program did, with its exit status or by its signal.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import sys
import time
from typing import NoReturn

PARENT_DEATH_SIGNAL, CHILD_SUBREAPER = 1, 36  # options of prctl
TICK = 1000  # milliseconds between two looks at who our parent is
ENDING_SECONDS = 5.0  # a process that the kernel does not let go is left after that


def main() -> NoReturn:
    """Run the command until it ends or its user has ended."""
    line, command, parent = int(sys.argv[1]), sys.argv[2:], os.getppid()
    os.set_inheritable(line, False)
    ctypes.CDLL(None).prctl(CHILD_SUBREAPER, 1, 0, 0, 0)  # orphans of the program become our children
    awake = _woken_by_children()
    child, problem = _start(command)
    _say(line, f"errno {problem}" if problem else f"pid {child}")
    _let_go_of_its_pipes()
    _wait(child, line, awake, parent)
    status = _end_all(child)
    _say(line, "ended")
    _end_like(status)


def _woken_by_children() -> int:
    """A descriptor that can be read when a child has ended."""
    awake, wake = os.pipe()
    for end in (awake, wake):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    return awake


def _start(command: list[str]) -> tuple[int, int]:
    """The child's process id, and why it could not become the program, if it could not."""
    keeper = os.getpid()
    reading, writing = os.pipe()  # closed by the kernel when the child has become the program
    child = os.fork()
    if child == 0:
        _become(command, keeper, writing)
    os.close(writing)
    problem = os.read(reading, 16)
    os.close(reading)
    return child, int(problem or 0)


def _become(command: list[str], keeper: int, writing: int) -> NoReturn:
    try:
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() == keeper:  # else it ended before the kernel knew
            os.setsid()
            for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            os.execvp(command[0], command)
    except OSError as error:
        os.write(writing, str(error.errno).encode())
    finally:
        os._exit(127)


def _say(line: int, text: str) -> None:
    with contextlib.suppress(OSError):
        os.write(line, text.encode() + b"\n")


def _let_go_of_its_pipes() -> None:
    """What the program reads and writes ends with the program."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(nothing, stream)
    os.close(nothing)


def _wait(child: int, line: int, awake: int, parent: int) -> None:
    """Return when the child has ended, though not reaped, or when it is to end."""
    poll = select.poll()
    poll.register(line, select.POLLIN)
    poll.register(awake, select.POLLIN)
    while not _has_ended(child):
        for ready, _ in poll.poll(TICK):
            if not os.read(ready, 512):
                return
        if os.getppid() != parent:
            return


def _has_ended(child: int) -> bool:
    """Whether the child has ended; orphans that ended are reaped on the way."""
    while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        if ended.si_pid == child:
            return True
        os.waitpid(ended.si_pid, 0)
    return False


def _end_all(child: int) -> int:
    """End the child's group and every descendant, those too that left the group; the child's status."""
    status = int(signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    limit = time.monotonic() + ENDING_SECONDS
    with contextlib.suppress(ChildProcessError):  # there is none any more
        while time.monotonic() < limit:
            for process in _descendants():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(process, signal.SIGKILL)
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == child:
                    status = ended[1]
            time.sleep(0.005)
    return status


def _descendants() -> list[int]:
    parents: dict[int, list[int]] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208, pathlib takes long to import
        with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
            parents.setdefault(int(file.read().rpartition(b")")[2].split()[1]), []).append(int(name))
    found, waiting = [], [os.getpid()]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def _end_like(status: int) -> NoReturn:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the program has left its own
        with contextlib.suppress(OSError):  # for some signals there is nothing to reset
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        os._exit(-number & 0xFF)
    os._exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main()
