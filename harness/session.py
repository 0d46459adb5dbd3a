"""Workers as seen from outside: start them, hand them requests, survive them.

A worker that dies, hangs past its time limit or is killed for its memory becomes a `WorkerLost` that
names the signal, the last layer reached and the end of its log. It never takes the harness with it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

from harness import environment
from harness.answers import Identity
from harness.breadcrumb import Breadcrumb, Place
from harness.environment import search_path
from harness.environment.core_progress import CoreProgress
from harness.environment.interpreters import interpreter
from harness.errors import BadInput, HarnessError, NoEnvironment, WorkerLost
from harness.guard import Kept
from harness.own_name import command
from harness.requests import Answer, Request
from harness.worker_answers import Nonsense, PipeListener, Result, read_result
from harness.worker_log import WorkerLog
from harness.worker_requests import Requests

PACKAGES = ("harness", "refs_torch", "ports_jittor", "weight_convert")
DEFAULT_TIMEOUT = 1800.0
SHARING = {
    "OMP_WAIT_POLICY": "PASSIVE"
}  # two workers share the cores: idle threads sleep instead of spinning
# Without the working directory, which Python puts before everything else: a pair that needs it asks for it.
_START = "import sys; sys.path = list(filter(None, sys.path)); from harness.worker import main; main()"
_MOST_RESTARTS = 3
_DISMISSED_SECONDS = 10.0  # until a worker that is no longer needed has ended by itself
_LOST_SECONDS = 5.0  # the same for one whose pipe for answers has ended


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
        self,
        side: str,
        device: str,
        scratch: Path,
        log: Path,
        timeout: float = DEFAULT_TIMEOUT,
        waiting: Mapping[str, str] = SHARING,
    ) -> None:
        self.side, self.device, self.timeout = side, device, timeout
        self.log = WorkerLog(side, log, scratch)
        self.gpu_peak_bytes = 0
        self.stopped = ""
        self.identity: Identity | None = None
        self.python = interpreter(side)
        self.crumbs = Breadcrumb(scratch / f"{side}.place")
        variables = environment.side_environment(side, device, self.python)
        home = variables.get("JITTOR_HOME")
        self.core = CoreProgress(Path(home)) if home else None
        inherited = variables.get(search_path.VARIABLE) or search_path.inherited()
        search = os.pathsep.join(filter(None, [str(import_folder(scratch / "packages")), inherited]))
        self._environment = {**waiting, **os.environ, **variables, search_path.VARIABLE: search}
        place = str(scratch / f"{side}.place")
        self._command = [str(self.python), "-c", _START, side, device, place]
        self._launch()

    def _launch(self) -> None:
        self._status: int | None = None
        asked, ask = os.pipe()
        answers, tell = os.pipe()
        try:
            self._kept = self._started(asked, tell)
        except BaseException:
            os.close(ask)
            os.close(answers)
            raise
        finally:
            os.close(asked)
            os.close(tell)
        process = self._kept.process
        self._requests = Requests(ask)
        self._answers = PipeListener(answers, lambda: process.poll() is not None)
        if self.stopped:
            self._kept.end()

    def _started(self, stdin: int, stdout: int) -> Kept:
        with self.log.path.open("ab") as log:
            try:
                return Kept(self._command, self._environment, stdin=stdin, stdout=stdout, stderr=log)
            except OSError as error:
                raise NoEnvironment(
                    f"the {self.side} worker cannot be started with {self.python}: {error.strerror}. "
                    f"Run `{command('doctor')}` to see what is missing and how to mend it"
                ) from error

    @property
    def pid(self) -> int:
        """The process id."""
        return self._kept.pid

    def ready(self) -> Identity:
        """Wait until the framework is up, and say which framework that is, on which device.

        Jittor ends its process with exit status 0 when it has rebuilt a part of itself: that is no loss,
        and the worker starts again. A worker that is up already answers at once.
        """
        for _ in range(_MOST_RESTARTS):
            if self.identity is not None:
                break
            try:
                self.identity = self._receive("start", 0, Identity)
            except WorkerLost:
                if self.stopped or self._status != 0:
                    raise
                self._launch()
        self.identity = self.identity or self._receive("start", 0, Identity)
        return self.identity

    def call(self, request: Request[Answer]) -> Answer:
        """Send the side one request and wait for its answer."""
        try:
            number = self._requests.send(request, self.timeout)
        except BrokenPipeError:
            self._raise_lost(request.verb)
        except TimeoutError:
            self._raise_late(request.verb)
        found: Answer = self._receive(request.verb, number, request.answer_type())
        return found

    def _receive(self, verb: str, number: int, kind: Any) -> Any:
        try:
            answer = self._answers.get(self.timeout)
            if answer is None:
                self._raise_lost(verb)
            if answer.number != number:
                raise Nonsense(f"an answer to request {answer.number}, where {number} was asked last")
            if isinstance(answer, Result):
                return read_result(kind, answer.value)
        except TimeoutError:
            self._raise_late(verb)
        except Nonsense as nonsense:
            self._raise_nonsense(verb, nonsense)
        message = answer.message
        if answer.kind == ModelFailed.__name__:
            message = f"the {self.side} side failed in {message}{self._whereabouts()}"
        raise _ERRORS.get(answer.kind, WorkerLost)(message)

    def _raise_lost(self, verb: str) -> NoReturn:
        self._await(_LOST_SECONDS)
        self._end()
        if self.stopped:
            raise WorkerLost(self.stopped)
        raise WorkerLost(
            f"the {self.side} worker ended during `{verb}` ({self.ending()}){self._whereabouts()}. "
            f"{self.log.hint()}"
        )

    def _raise_late(self, verb: str) -> NoReturn:
        self._end()
        raise WorkerLost(
            f"the {self.side} worker gave no answer to `{verb}` within {self.timeout:g} s and was stopped"
            f"{self._whereabouts()}. Allow more time with --timeout. {self.log.hint()}"
        )

    def _raise_nonsense(self, verb: str, nonsense: Nonsense) -> NoReturn:
        self._end()
        raise WorkerLost(
            f"the {self.side} worker wrote {nonsense} instead of an answer to `{verb}` and was stopped"
            f"{self._whereabouts()}. Something in the model writes to the worker's pipe for answers. "
            f"{self.log.hint()}"
        )

    def ending(self) -> str:
        """How the process ended by itself, in words."""
        code = self._status
        if code is None:
            return "it closed its pipe for answers and was stopped"
        if code >= 0:
            return f"exit status {code}"
        hint = ", often the kernel reclaiming memory" if -code == signal.SIGKILL else ""
        return f"killed by {signal_name(-code)}{hint}"

    def place(self) -> Place:
        """What the worker is doing and the layer it reached last."""
        return self.crumbs.read()

    def _whereabouts(self) -> str:
        place = self.place()
        return f", last layer reached: {place.layer}" if place.layer else ""

    def loss(self, error: Exception) -> Loss:
        """What the report shows of a lost worker."""
        code = self._status or 0
        return Loss(str(error), signal_name(-code) if code < 0 else "", self.place().layer, self.log.tail())

    def stop(self, why: str) -> None:
        """End the process and its children at once; `why` goes to the caller that waits for its answer."""
        self.stopped = self.stopped or why
        self._kept.end()

    def dismiss(self) -> None:
        """Tell the process to end, which takes it a while; leaving the context waits for it."""
        self._requests.close()

    def _await(self, seconds: float) -> None:
        """Give the process some time to end by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._kept.process.wait(seconds)

    def _end(self) -> None:
        if not self.stopped:
            self._status = self._kept.process.poll() if self._status is None else self._status
        self._kept.end()
        self._answers.close()
        self._requests.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.dismiss()
            self._await(_DISMISSED_SECONDS)
        self._end()
        self.crumbs.close()


def signal_name(number: int) -> str:
    """What a signal is called; those between the first and the last real-time signal are counted."""
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    first = int(signal.SIGRTMIN)
    return f"SIGRTMIN+{number - first}" if first < number < signal.SIGRTMAX else f"signal {number}"
