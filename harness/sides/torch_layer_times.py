"""The time of every layer on torch's way back: autograd tells when the gradient of a tensor is there."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from harness import address as addresses
from harness.sides.layer_times import LOSS, BackwardClock


class TorchBackwardClock(BackwardClock):
    """When the gradient of a layer's result is there, its own way back begins."""

    running: str
    last: float

    def begins(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """What no layer has made is the work of the module around, and so is its gradient."""
        if self.computes():
            around = self.owners[-2]
            for tensor in self.tensors_in(args, dict(kwargs)):
                if tensor.grad_fn is not None:
                    self._watch(tensor, around)

    def ends(self, result: Any) -> None:
        """The way back through a layer begins at its result."""
        if self.computes():
            for tensor in self.tensors_in(result):
                self._watch(tensor, self.owners[-1])

    def _watch(self, tensor: Tensor, path: str) -> None:
        if self.tensors.recorded_as(tensor) is None:
            self.tensors.remember(tensor, path)
            tensor.register_hook(lambda _: self._turn_to(path))  # type: ignore[no-untyped-call]

    def _turn_to(self, path: str) -> None:
        self.side.synchronise()
        self.count(self.running, self.last)
        self.running, self.last = path, time.perf_counter()

    def go_back(self, loss: Tensor) -> None:
        """Autograd's whole way back."""
        self.side.model.zero_grad(set_to_none=True)
        self.running, self.last = LOSS, time.perf_counter()
        loss.backward()  # type: ignore[no-untyped-call]
        self._turn_to(addresses.ROOT)
