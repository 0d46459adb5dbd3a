"""The references: a small network, and the ways in which its head can break."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout


class Network(nn.Module):
    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.head = head

    def forward(self, image: Tensor) -> Tensor:
        return self.head(dropout(torch.relu(self.conv(image)), 0.3, self.training))


class Breaking(nn.Conv2d):
    def __init__(self, breaks: Callable[[], object], only: torch.dtype | None) -> None:
        super().__init__(4, 1, 1)
        self._breaks, self._only = breaks, only

    def forward(self, x: Tensor) -> Tensor:
        if self._only in (None, x.dtype):
            self._breaks()
        return super().forward(x)


def _raise() -> None:
    raise RuntimeError("the head gave up")


def _fork_and_die() -> None:
    if os.fork() == 0:
        time.sleep(600)  # holds every pipe of its parent
    os.kill(os.getpid(), signal.SIGKILL)


class Unspeakable(Exception):
    """An error that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


def _raise_unspeakable() -> None:
    raise Unspeakable


def _raise_at_length() -> None:
    raise RuntimeError("x" * (1 << 25))


BREAKS: dict[str, Callable[[], object]] = {
    "sound": lambda: None,
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "crashes": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "exits": lambda: os._exit(0),
    "hangs": lambda: time.sleep(600),
    "raises": _raise,
    "forks and dies": _fork_and_die,
    "real-time signal": lambda: os.kill(os.getpid(), signal.SIGRTMIN + 3),
    "raises at length": _raise_at_length,
    "raises the unspeakable": _raise_unspeakable,
    "hungry": lambda: torch.empty(1 << 50),
    "prints": lambda: print("noise on standard output"),
}


def build(variant: str) -> nn.Module:
    if variant == "forks":
        os.fork()  # and both go on
    name, _, more = variant.partition(", ")
    only = torch.float64 if more == "in float64" else None
    return Network(Breaking(BREAKS.get(name, BREAKS["sound"]), only))


def losses(outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {"square": (outputs**2).sum()}
