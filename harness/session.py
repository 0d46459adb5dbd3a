"""Workers as seen from outside: start them, hand them requests, survive them.

A worker that dies, hangs past its time limit or is killed for its memory becomes a `WorkerLost` that
names the signal, the last layer reached and the end of its log. It never takes the harness with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

from harness import environment
from harness.breadcrumb import Breadcrumb, Place
from harness.environment.interpreters import interpreter
from harness.errors import BadInput, HarnessError, NoEnvironment, WorkerLost

PACKAGES = ("harness", "refs_torch", "ports_jittor", "weight_convert")
DEFAULT_TIMEOUT = 1800.0
SHARING = {
    "OMP_WAIT_POLICY": "PASSIVE"
}  # two workers share the cores: idle threads sleep instead of spinning
# Without the working directory, which Python puts before everything else: a pair that needs it asks for it.
_START = "import sys; sys.path = list(filter(None, sys.path)); from harness.worker import main; main()"
_TAIL = 3000
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_MOST_RESTARTS = 3


class ModelFailed(WorkerLost):
    """A model raised an error while it was built or run."""


_ERRORS: dict[str, type[HarnessError]] = {
    kind.__name__: kind for kind in (HarnessError, BadInput, NoEnvironment, WorkerLost, ModelFailed)
}


@dataclass(frozen=True)
class Loss:
    """How a worker was lost, for the report."""

    message: str
    signal: str
    last_layer: str
    stderr_tail: str


def import_folder(folder: Path) -> Path:
    """A folder that offers our packages, and nothing else of this interpreter, to another interpreter."""
    root = Path(__file__).resolve().parent.parent
    folder.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        link = folder / package
        if (root / package).is_dir() and not link.is_symlink():
            link.symlink_to(root / package)
    return folder


class Worker:
    """One side in its own process. Use as a context manager; leaving it ends the process."""

    def __init__(
        self, side: str, device: str, scratch: Path, log: Path, timeout: float = DEFAULT_TIMEOUT
    ) -> None:
        self.side, self.device, self.log, self.timeout = side, device, log, timeout
        self.gpu_peak_bytes = 0
        self.description: dict[str, Any] = {}
        self.python = interpreter(side)
        self.crumbs = Breadcrumb(scratch / f"{side}.place")
        variables = environment.side_environment(side, device, self.python)
        paths = [str(import_folder(scratch / "packages")), os.environ.get("PYTHONPATH", "")]
        search = os.pathsep.join(filter(None, paths))
        self._environment = {**SHARING, **os.environ, **variables, "PYTHONPATH": search}
        place = str(scratch / f"{side}.place")
        self._command = [str(self.python), "-c", _START, side, device, place]
        self._launch()

    def _launch(self) -> None:
        with self.log.open("ab") as stderr:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=self._environment,
                start_new_session=True,
            )
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._listen, args=(self._process, self._answers), daemon=True).start()

    @staticmethod
    def _listen(process: subprocess.Popen[bytes], answers: queue.Queue[dict[str, Any] | None]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            try:
                answers.put(json.loads(line))
            except json.JSONDecodeError:
                break
        answers.put(None)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def ready(self) -> dict[str, Any]:
        """Wait until the framework is up; its versions and device.

        Jittor ends its process with exit status 0 when it has rebuilt a part of itself: that is no loss,
        and the worker starts again. A worker that is up already answers at once.
        """
        if self.description:
            return self.description
        for _ in range(_MOST_RESTARTS):
            try:
                self.description = self._receive("start")
                return self.description
            except WorkerLost:
                if self._process.poll() != 0:
                    raise
                self._close_pipes()
                self._launch()
        self.description = self._receive("start")
        return self.description

    def call(self, verb: str, **arguments: Any) -> Any:
        """Hand the side one request and wait for its answer."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"verb": verb, "arguments": arguments}).encode() + b"\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            self._raise_lost(verb)
        return self._receive(verb)

    def _receive(self, verb: str) -> Any:
        try:
            answer = self._answers.get(timeout=self.timeout)
        except queue.Empty:
            self.kill()
            raise WorkerLost(
                f"the {self.side} worker gave no answer to `{verb}` within {self.timeout:g} s and was stopped"
                f"{self._whereabouts()}. Allow more time with --timeout, or look at {self.log}"
            ) from None
        if answer is None:
            self._raise_lost(verb)
        if "error" in answer:
            kind, message = answer["error"]["kind"], answer["error"]["message"]
            if kind == ModelFailed.__name__:
                message = f"the {self.side} side failed in {message}{self._whereabouts()}"
            raise _ERRORS.get(kind, WorkerLost)(message)
        return answer["result"]

    def _raise_lost(self, verb: str) -> NoReturn:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        raise WorkerLost(
            f"the {self.side} worker ended during `{verb}` ({self.ending()}){self._whereabouts()}. "
            f"Its log: {self.log}"
        )

    def ending(self) -> str:
        """How the process ended, in words."""
        code = self._process.poll()
        if code is None:
            return "still running"
        if code >= 0:
            return f"exit status {code}"
        name = signal.Signals(-code).name
        hint = ", often the kernel reclaiming memory" if -code == signal.SIGKILL else ""
        return f"killed by {name}{hint}"

    def place(self) -> Place:
        """What the worker is doing and the layer it reached last."""
        return self.crumbs.read()

    def _whereabouts(self) -> str:
        place = self.place()
        return f", last layer reached: {place.layer}" if place.layer else ""

    def loss(self, error: Exception) -> Loss:
        """What the report shows of a lost worker."""
        code = self._process.poll()
        name = signal.Signals(-code).name if code is not None and code < 0 else ""
        return Loss(str(error), name, self.place().layer, self.log_tail())

    def log_tail(self) -> str:
        """The end of what the worker printed, without the colours of a terminal."""
        with contextlib.suppress(OSError):
            return _COLOUR.sub("", self.log.read_bytes()[-_TAIL:].decode(errors="replace"))
        return ""

    def kill(self) -> None:
        """End the process and its children at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def dismiss(self) -> None:
        """Tell the process to end, which takes it a while; leaving the context waits for it."""
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._process.poll() is None:
            self.dismiss()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=10)
        if self._process.poll() is None:
            self.kill()
        self._close_pipes()
        self.crumbs.close()

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
