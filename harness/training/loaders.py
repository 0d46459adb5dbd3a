"""The loader processes of a stream, each asked for a batch ahead of its turn."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from harness.errors import BadInput, HarnessError, NoEnvironment, WorkerLost
from harness.guard import Kept

_START = (
    "import sys; sys.path = list(filter(None, sys.path)); from harness.training.loader import main; main()"
)
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_TAIL = 2000
_KINDS: dict[str, type[HarnessError]] = {
    kind.__name__: kind for kind in (HarnessError, BadInput, NoEnvironment, WorkerLost)
}


class Loader:
    """One process that reads batches; what it is asked it answers in that order."""

    def __init__(self, first: dict[str, Any], log: Path) -> None:
        self._log = log
        root = str(Path(__file__).resolve().parents[2])
        search = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
        environment = {**os.environ, **_ONE_THREAD, "PYTHONPATH": search}
        with self._log.open("wb") as printed:
            try:
                self._kept = Kept(
                    [sys.executable, "-c", _START],
                    environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=printed,
                )
            except OSError as error:
                raise NoEnvironment(
                    f"a process that reads batches cannot be started: {error.strerror}"
                ) from error
        self._send(first)

    def ask(self, request: dict[str, Any]) -> None:
        """Ask for a batch; the answer is taken by `wait`."""
        self._send(request)

    def wait(self, what: str) -> None:
        """Wait for the answer to the oldest request; `what` is what a message calls its batch."""
        line = self._pipe("stdout").readline()
        if not line.endswith(b"\n"):
            raise self._lost(what)
        answer = json.loads(line)
        if "error" in answer:
            raise _KINDS.get(answer["error"], WorkerLost)(answer["message"])

    def end(self) -> None:
        """End the process."""
        self._kept.end()
        for name in ("stdin", "stdout"):
            self._pipe(name).close()

    def _send(self, line: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # the answer that is waited for tells why
            self._pipe("stdin").write(json.dumps(line).encode() + b"\n")

    def _pipe(self, name: str) -> IO[bytes]:
        pipe: IO[bytes] | None = getattr(self._kept.process, name)
        assert pipe is not None
        return pipe

    def _lost(self, what: str) -> WorkerLost:
        code = self._kept.process.wait()
        ending = f"exit status {code}" if code >= 0 else f"signal {-code}"
        with self._log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL))
            printed = log.read().decode(errors="replace").strip().splitlines()
        last = f". It printed at last: {printed[-1]}" if printed else ""
        return WorkerLost(f"the process that reads batches ended ({ending}) while it read {what}{last}")


class Loaders:
    """Several loaders; batches come in the order asked for, whoever reads them."""

    def __init__(self, first: dict[str, Any], logs: list[Path]) -> None:
        self._waiting: deque[tuple[Loader, Path, str]] = deque()
        self._loaders: list[Loader] = []
        try:
            for log in logs:
                self._loaders.append(Loader(first, log))
        except BaseException:
            self.end()
            raise

    def read(self, requests: list[tuple[Path, dict[str, Any], str]]) -> Iterator[Path]:
        """The files of batches, one ahead for each loader; a file goes when the next one is asked for."""
        self._settle()
        ahead = len(self._loaders)
        for place in range(len(requests) + ahead):
            if place >= ahead:
                path = self._next()
                yield path
                path.unlink(missing_ok=True)
            if place < len(requests):
                path, request, what = requests[place]
                loader = self._loaders[place % ahead]
                loader.ask({**request, "path": str(path)})
                self._waiting.append((loader, path, what))

    def _next(self) -> Path:
        loader, path, what = self._waiting.popleft()
        loader.wait(what)
        return path

    def _settle(self) -> None:
        """Take what an epoch that was left early has asked for."""
        while self._waiting:
            self._next().unlink(missing_ok=True)

    def end(self) -> None:
        """End all of them."""
        for loader in self._loaders:
            loader.end()
