"""Training code of a porter: what each function makes is sound, or has the mistake that it is named after."""

from __future__ import annotations

from typing import Any

import jittor as jt

from harness.pairs.base import OwnTraining
from harness.pairs.recipe import Length
from ports_jittor.torchlike import optim

RATE = 1e-3


def adam(model: Any, length: Length) -> OwnTraining:
    """Sound: torchlike's Adam, the rate a tenth from the third epoch on."""
    optimizer = optim.Adam(model.parameters(), lr=RATE, weight_decay=1e-4)
    return OwnTraining([optimizer], lambda number: _set_rate(optimizer, RATE * 0.1 ** (number >= 2 * length.steps)))


def native_adam(model: Any, length: Length) -> OwnTraining:
    """Jittor's own Adam adds eps before the bias correction."""
    optimizer = jt.optim.Adam(model.parameters(), lr=RATE, weight_decay=1e-4)

    def begin(number: int) -> None:
        optimizer.lr = RATE * 0.1 ** (number >= 2 * length.steps)

    return OwnTraining([optimizer], begin)


def _set_rate(optimizer: Any, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
