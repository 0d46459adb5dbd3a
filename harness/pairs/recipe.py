"""How a model is trained, as data: optimiser, groups of parameters, schedule, averages. No framework."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Callable, Literal, Mapping

Optimizer = Literal["adam", "adamw", "sgd"]
PUBLISHED = "published"
SHORT = "short"  # the first steps of the published one


@dataclass(frozen=True)
class Length:
    """How long a training is: epochs of so many passes, each over a batch of so many samples."""

    epochs: int
    steps: int
    batch: int

    @property
    def passes(self) -> int:
        """Of the whole training."""
        return self.epochs * self.steps

    def place(self, number: int) -> tuple[int, int]:
        """The epoch of a pass, and its place in it; both count from 0."""
        return divmod(number, self.steps)


@dataclass(frozen=True)
class Pass:
    """What one pass of a training uses.

    `groups` gives the options of the optimiser (`lr` and others) for each group that learns in this pass; a
    group that is not named stays as it is. The optimiser steps once `accumulate` passes have come together.
    `loss_arguments` are further named arguments of the pair's losses, such as the epoch if they need it.
    """

    groups: Mapping[str, Mapping[str, float]]
    accumulate: int = 1
    loss_arguments: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """Parameters that learn alike.

    A parameter belongs to the first group that one of its globs matches; where `layers` names types of
    layers, only parameters of such layers count. `factor` multiplies the rate, and `options` go before the
    recipe's own.
    """

    name: str
    parameters: tuple[str, ...] = ("*",)
    layers: tuple[str, ...] = ()
    factor: float = 1.0
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ema:
    """Averaged weights: how much of them stays at each step of the optimiser.

    With a `ramp` the first steps keep less.
    """

    decay: float
    ramp: float = 0.0

    def keeps(self, update: int) -> float:
        """The share that stays at update number `update`, the first being 1."""
        return self.decay * (1 - math.exp(-update / self.ramp)) if self.ramp else self.decay


Passes = Callable[[Length, float], Callable[[int], Pass]]
Events = Callable[[Length], Mapping[str, int]]


@dataclass(frozen=True)
class Recipe:
    """How the published model is trained, as data for either side's optimiser.

    `schedule` is one of harness.training.schedules, with its `schedule_options`. Where the published training
    follows none of them, `passes` says what each pass uses, of a length and a rate, and `events` names the
    passes at which something changes. Without `groups` all parameters learn alike; parameters that no group
    takes never learn. `clip` is the largest norm that the gradients together may have. `mode` is the one in
    which the model is trained: with `frozen` its norms keep their statistics. `iterations` is the length of a
    training that counts passes, not epochs. `quirks` names what the published training does otherwise than it
    seems to mean; it is kept.
    """

    optimizer: Optimizer
    lr: float
    options: Mapping[str, Any] = field(default_factory=dict)
    schedule: str = "constant"
    schedule_options: Mapping[str, Any] = field(default_factory=dict)
    epochs: int = 1
    iterations: int | None = None
    groups: tuple[Group, ...] = ()
    passes: Passes | None = None
    events: Events = lambda length: {}
    accumulate: int = 1
    clip: float | None = None
    ema: Ema | None = None
    mode: Literal["train", "frozen"] = "train"
    batch: int | None = None
    quirks: tuple[str, ...] = ()
