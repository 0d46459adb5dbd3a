"""Workers of both sides in this process, each holding the reference: a port that computes in another way.

The port's convolutions are not oneDNN's, so it rounds otherwise. No operator is compiled: what a self-test
makes of planted mistakes can be tried in seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import torch

from harness import worker
from harness.breadcrumb import Breadcrumb
from harness.environment.device import device_for
from harness.inline_worker import InlineWorker
from harness.requests import Answer, Request
from harness.scratch import scratch_folder
from harness.sides.torch_side import TorchSide


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


class Inside(InlineWorker):
    """Convolutions of the reference are oneDNN's, those of the port are not."""

    def answer(self, request: Request[Answer]) -> worker.Message:
        """The side's answer, as the pipe would carry it."""
        with _onednn(self.side == "torch"):
            return super().answer(request)


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
