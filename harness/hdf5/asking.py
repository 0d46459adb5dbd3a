"""Asking the reader what a file holds. It runs from the first file on, and ends with this process."""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import mmap
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

from harness import guard
from harness.errors import NoEnvironment
from harness.hdf5.listing import Contents

_INFLATED_FACTOR, _SLACK = 50, 64 << 20
"""What lies in pieces may unpack to so many times the file, and so many bytes more."""

_PROGRAM = Path(__file__).with_name("reader.py")
_SECONDS, _BYTES_PER_SECOND = 10, 20e6  # of processor time
_PATIENCE = 900.0  # seconds by the clock, for a reader that is stopped, or waits for a disk


class Unreadable(ValueError):
    """A file that the HDF5 library cannot read, or should not."""


def list_here(path: Path, size: int) -> tuple[Contents, memoryview]:
    """What a file of `size` bytes holds that this program wrote itself; and what lies in it in pieces."""
    from harness.hdf5.contents import list_file

    scratch = io.BytesIO()
    return list_file(path, scratch, _allowed(size)), scratch.getbuffer()


def ask(path: Path, size: int) -> tuple[Contents, memoryview]:
    """What a file of `size` bytes holds that anybody may have written; and what lies in it in pieces."""
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="align-hdf5-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        guard.sweep(folder)
        stack.callback(guard.spare, folder)
        scratch, answer = folder / "scratch", folder / "answer"
        seconds = round(_SECONDS + size / _BYTES_PER_SECOND)
        request = {
            "path": os.fsdecode(path.absolute()),
            "scratch": os.fsdecode(scratch),
            "answer": os.fsdecode(answer),
            "allowed": _allowed(size),
            "seconds": seconds,
        }
        status = _READER.ask(json.dumps(request).encode())
        text = answer.read_text(encoding="ascii") if answer.is_file() else ""
        if status:
            raise Unreadable(_complaint(status, text, seconds))
        return Contents.from_json(json.loads(text)), _mapped(scratch)


def _allowed(size: int) -> int:
    return _INFLATED_FACTOR * size + _SLACK


def _mapped(scratch: Path) -> memoryview:
    if not scratch.stat().st_size:
        return memoryview(b"")
    with scratch.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _complaint(status: int, text: str, seconds: int) -> str:
    if -status == signal.SIGXCPU:
        return f"reading it as HDF5 does not end: {seconds} seconds of processor time were not enough"
    if status < 0:
        return f"the HDF5 library was killed by signal {-status} while reading it"
    return f"not readable as HDF5: {text or 'no reason given'}"


class _Reader:
    """The reader's process, of this process alone: one that was forked off starts its own."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def ask(self, request: bytes) -> int:
        """The exit status of the process that listed a file."""
        with self._lock, self._running() as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(request + b"\n")
            if not select.select([process.stdout], [], [], _PATIENCE)[0]:
                raise NoEnvironment(
                    f"the process that reads HDF5 files has not answered for {_PATIENCE:.0f} seconds, "
                    "without having used up its processor time: it is stopped, or the disk hangs. Try again"
                )
            return int(process.stdout.readline())

    @contextlib.contextmanager
    def _running(self) -> Iterator[subprocess.Popen[bytes]]:
        """The process; it is ended where it did not do its work."""
        if self._process is not None and self._process.poll() is not None:
            self.end()
        if self._process is None or self._owner != os.getpid():
            self._process, self._owner = _start(), os.getpid()
        try:
            yield self._process
        except (OSError, ValueError) as error:
            self.end()
            raise NoEnvironment("the process that reads HDF5 files was killed. Try again") from error
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _start() -> subprocess.Popen[bytes]:
    environment = {**os.environ, "HDF5_PLUGIN_PRELOAD": "::", "OPENBLAS_NUM_THREADS": "1"}
    try:
        return subprocess.Popen(
            [sys.executable, "-I", os.fspath(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            bufsize=0,
        )
    except OSError as error:
        raise NoEnvironment(f"the process that reads HDF5 files cannot be started: {error}") from error


_READER = _Reader()
atexit.register(_READER.end)
