"""Workers of both sides in this process, each holding the reference: a port that computes in another way.

The port's convolutions are not oneDNN's, so it rounds otherwise. No operator is compiled: what a self-test
makes of planted mistakes can be tried in seconds.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import torch

from harness import json_codec, worker, worker_answers
from harness.answers import Identity
from harness.breadcrumb import Breadcrumb, Place
from harness.environment.device import device_for
from harness.requests import Answer, Request
from harness.scratch import scratch_folder
from harness.session import ModelFailed
from harness.sides.torch_side import TorchSide

_ONE_AT_A_TIME = threading.Lock()  # both sides watch the same framework


@contextmanager
def _onednn(enabled: bool) -> Iterator[None]:
    """Torch's own context changes more, and warns of it."""
    before = torch.backends.mkldnn.enabled
    torch.backends.mkldnn.enabled = enabled  # type: ignore[assignment]
    try:
        yield
    finally:
        torch.backends.mkldnn.enabled = before  # type: ignore[assignment]


class Port(TorchSide):
    """The reference's own network in the port's place."""

    name = "jittor"

    def side_module(self) -> Any:
        """The reference's module."""
        return import_module(self.pair.reference)


class OwnPort(TorchSide):
    """A port that is written in torch, too."""

    name = "jittor"

    def side_module(self) -> Any:
        """The port's module."""
        return import_module(self.pair.port)


class Inside:
    """What a run needs of a worker, without a process."""

    device, pid, gpu_peak_bytes, stopped = "cpu", 0, 0, ""

    def __init__(self, held: TorchSide) -> None:
        self.side, self._held = held.name, held
        self.identity = held.identity()

    def ready(self) -> Identity:
        """It always is."""
        return self.identity

    def stop(self, why: str) -> None:
        """There is no process that could be ended."""

    def place(self) -> Place:
        """The layer reached last."""
        return self._held.breadcrumb.read()

    def call(self, request: Request[Answer]) -> Answer:
        """Answer as a worker's pipe would."""
        with _ONE_AT_A_TIME, _onednn(self.side == "torch"):
            message = worker.answer(self._held, request.verb, json_codec.to_plain(request))
        answer = worker_answers.parse(json.dumps({"number": 1, **message}).encode())
        if isinstance(answer, worker_answers.Failure):
            raise ModelFailed(answer.message)
        found: Answer = worker_answers.read_result(request.answer_type(), answer.value)
        return found


@contextmanager
def lend_workers(device: str, timeout: float, port: type[TorchSide] = Port) -> Iterator[dict[str, Inside]]:
    """In the place of `harness.flows.together.lend_workers`."""
    chosen = device_for(device).device
    with scratch_folder() as folder:
        sides = (
            TorchSide(chosen, Breadcrumb(folder / "a")),
            port(chosen, Breadcrumb(folder / "b")),
        )
        yield {held.name: Inside(held) for held in sides}
