"""What a training asks of an optimiser: gradients in, slots under torch's names out and in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable, Protocol

from harness.pairs.base import Arrays
from harness.sides.contract import NamedTensors

ToTensor = Callable[[Any, str], Any]


class Optimiser(Protocol):
    """One optimiser over parameters with names."""

    names: Sequence[str]

    def take(self, gradients: NamedTensors) -> None:
        """Let the next step use these gradients."""

    def scale(self, rate: float) -> None:
        """Take every rate so many times."""

    def step(self) -> None:
        """Step with the gradients taken, and forget them."""

    def slots(self) -> Arrays:
        """What it remembers, as `PARAM.SLOT`."""

    def set_slots(self, slots: Arrays, to_tensor: ToTensor) -> None:
        """Let it remember this and nothing else."""


def slots_of(name: str, slots: Arrays) -> Arrays:
    """The slots of one parameter, by their own names."""
    return {key.rpartition(".")[2]: slots[key] for key in slots if key.rpartition(".")[0] == name}
