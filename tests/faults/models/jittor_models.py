"""The port: the small network, sound in every variant but those that break it here."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping

import jittor
from jittor import Var as Tensor

from ports_jittor.torchlike import functional, nn


class Network(nn.Module):
    def __init__(self, variant: str) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.head = nn.Conv2d(4, 2 if variant == "other shape" else 1, 1)
        self._variant = variant

    def forward(self, image: Tensor) -> Tensor:
        x = functional.dropout(functional.relu(self.conv(image)), 0.3, self.is_training())
        if self._variant == "port killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self._variant.endswith("port hangs"):
            time.sleep(600)
        if self._variant == "port raises":
            raise RuntimeError("\x1b[31mthe port gave up\x1b[m")
        if self._variant == "port pools":
            x = jittor.nn.MaxPool2d(17, padding=8)(x)
        if self._variant == "port adds":
            x = x + jittor.zeros((1, 4, 3, 5))
        return self.head(x)


def build(variant: str) -> nn.Module:
    return Network(variant)


def losses(outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {"square": (outputs * outputs).sum()}
