"""The references: a small network, and the ways in which its head can break."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn


class Network(nn.Module):
    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.head = head

    def forward(self, image: Tensor) -> Tensor:
        return self.head(torch.relu(self.conv(image)))


class Breaking(nn.Conv2d):
    def __init__(self, breaks: Callable[[], object]) -> None:
        super().__init__(4, 1, 1)
        self._breaks = breaks

    def forward(self, x: Tensor) -> Tensor:
        self._breaks()
        return super().forward(x)


def _raise() -> None:
    raise RuntimeError("the head gave up")


BREAKS: dict[str, Callable[[], object]] = {
    "sound": lambda: None,
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "crashes": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "exits": lambda: os._exit(0),
    "hangs": lambda: time.sleep(600),
    "raises": _raise,
    "hungry": lambda: torch.empty(1 << 50),
    "prints": lambda: print("noise on standard output"),
}


def build(variant: str) -> nn.Module:
    return Network(Breaking(BREAKS.get(variant, BREAKS["sound"])))


def losses(outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {"square": (outputs**2).sum()}
