"""A side in this process, asked as a worker is: for models that exist here alone, and for tests."""

from __future__ import annotations

import contextlib
import json
import threading
from typing import TYPE_CHECKING, Any

from harness import json_codec, worker, worker_answers
from harness.answers import Identity
from harness.breadcrumb import Place
from harness.requests import Answer, Request
from harness.session import Loss, ModelFailed

if TYPE_CHECKING:
    from harness.sides.side import Side

_ONE_AT_A_TIME = threading.Lock()  # both sides may watch the same framework


def put_back(port: Any) -> contextlib.AbstractContextManager[None]:
    """Around runs of a Jittor module of this process: afterwards it is as it was."""
    from harness.sides import jittor_live_port

    return jittor_live_port.put_back(port)


class InlineWorker:
    """What a run needs of a worker, without a process."""

    device, gpu_peak_bytes, stopped, pid, core = "cpu", 0, "", 0, None

    def __init__(self, held: Side) -> None:
        self.side, self.held = held.name, held
        self.identity = held.identity()

    def ready(self) -> Identity:
        """It always is."""
        return self.identity

    def stop(self, why: str) -> None:
        """There is no process that could be ended."""

    def loss(self, error: Exception) -> Loss:
        """What the report shows of a model that raised."""
        return Loss(str(error), "", self.place().layer, "")

    def place(self) -> Place:
        """The layer reached last."""
        return self.held.breadcrumb.read()

    def call(self, request: Request[Answer]) -> Answer:
        """Answer as a worker's pipe would."""
        with _ONE_AT_A_TIME:
            message = self.answer(request)
        answer = worker_answers.parse(json.dumps({"number": 1, **message}).encode())
        if isinstance(answer, worker_answers.Failure):
            raise ModelFailed(answer.message)
        found: Answer = worker_answers.read_result(request.answer_type(), answer.value)
        return found

    def answer(self, request: Request[Answer]) -> worker.Message:
        """The side's answer, as the pipe would carry it."""
        return worker.answer(self.held, request.verb, json_codec.to_plain(request))
