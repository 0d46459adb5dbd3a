"""Rates, momentum and accumulation over a training run, as published, its lag of one epoch included."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.pairs.recipe import Ema, Group, Length, Pass

NOMINAL_BATCH, BATCH_OF_A_CARD = 64, 32


@dataclass(frozen=True)
class PassSettings:
    """What one pass of the training loop uses."""

    accumulate: int
    lr: float  # of the norms' and all other weights
    lr_bias: float
    momentum: float


@dataclass(frozen=True)
class Schedule:
    """A run of `epochs` epochs of `steps` passes with batches of `batch` images."""

    batch: int
    epochs: int
    steps: int
    lr0: float = 0.01
    lrf: float = 0.01
    momentum: float = 0.937
    weight_decay: float = 5e-4
    warmup_epochs: float = 3.0
    warmup_momentum: float = 0.8
    warmup_bias_lr: float = 0.1

    @property
    def base_accumulate(self) -> int:
        """Passes an optimiser step."""
        return max(1, round(NOMINAL_BATCH / self.batch))

    @property
    def scaled_decay(self) -> float:
        """The decay for the batch that a step really has."""
        return self.weight_decay * self.batch * self.base_accumulate / NOMINAL_BATCH

    @property
    def scaled_lr(self) -> float:
        """The rate for this batch."""
        return self.lr0 * self.batch / BATCH_OF_A_CARD

    @property
    def warmup(self) -> int:
        """How many passes warm up."""
        return max(round(self.warmup_epochs * self.steps), 1000)

    def share(self, epoch: int) -> float:
        """How much of the rate an epoch has: half a cosine down to `lrf`."""
        return (1 - math.cos(epoch * math.pi / self.epochs)) / 2 * (self.lrf - 1) + 1

    def at(self, epoch: int, step: int) -> PassSettings:
        """The pass `step` of an epoch."""
        done = epoch * self.steps + step
        if done > self.warmup:
            late = epoch * self.steps > self.warmup  # the rate was set at the end of the epoch before
            lr = self.scaled_lr * self.share(epoch - 1 if late else epoch)
            return PassSettings(self.base_accumulate, lr, lr, self.momentum)
        part, top = done / self.warmup, self.scaled_lr * self.share(epoch)
        wanted = 1 + part * (NOMINAL_BATCH / self.batch - 1)
        return PassSettings(
            max(1, round(wanted)),
            part * top,
            self.warmup_bias_lr + part * (top - self.warmup_bias_lr),
            self.warmup_momentum + part * (self.momentum - self.warmup_momentum),
        )

    def optimizer_steps(self, most: int | None = None) -> list[int]:
        """At which passes of the run the optimiser steps, or the first ones of them."""
        found: list[int] = []
        last = -1
        for done in range(self.epochs * self.steps):
            if done - last >= self.at(*divmod(done, self.steps)).accumulate:
                found.append(done)
                last = done
                if len(found) == most:
                    break
        return found


EMA = Ema(0.9999, ramp=2000)
GROUPS = (
    Group("norms", ("*.weight",), layers=("BatchNorm2d",)),
    Group("weights", ("*.weight",)),
    Group("biases", ("*.bias",)),
)
"""As the published training sorts parameters: what has another name is in no group and never learns."""


def passes(length: Length, lr: float) -> Callable[[int], Pass]:
    """What each pass uses; only the second group decays."""
    schedule = Schedule(length.batch, length.epochs, length.steps, lr0=lr)

    def uses(number: int) -> Pass:
        step = schedule.at(*length.place(number))
        decay = {"norms": 0.0, "weights": schedule.scaled_decay, "biases": 0.0}
        rates = {"norms": step.lr, "weights": step.lr, "biases": step.lr_bias}
        groups = {
            name: {"lr": rates[name], "momentum": step.momentum, "weight_decay": decay[name]}
            for name in rates
        }
        return Pass(groups, step.accumulate, {"epoch": length.place(number)[0]})

    return uses


def events(length: Length, assigner: int = 0) -> dict[str, int]:
    """The end of the warm-up, the epoch after it, in which the rate lags, and another assigner's epoch."""
    warmup = Schedule(length.batch, length.epochs, length.steps).warmup
    lagging = (warmup // length.steps + 1) * length.steps
    found = {"end of the warm-up": warmup + 1, "rate of the epoch before": lagging}
    return {**found, "another assigner": assigner * length.steps} if assigner else found


QUICK_GROUPS = (GROUPS[0], replace(GROUPS[1], options={"weight_decay": 5e-4}), GROUPS[2])


def quick_passes(length: Length, lr: float) -> Callable[[int], Pass]:
    """What each pass of a quick training uses: an epoch of warm-up, then half a cosine, a step each pass."""

    def uses(number: int) -> Pass:
        cosine = (1 + math.cos(math.pi * number / length.passes)) / 2
        warm = min(1.0, (number + 1) / length.steps)
        rate = lr * warm * (0.05 + 0.95 * cosine)
        epoch = {"epoch": length.place(number)[0]}
        return Pass({group.name: {"lr": rate} for group in QUICK_GROUPS}, loss_arguments=epoch)

    return uses


def ema_decay(updates: int) -> float:
    """How much of the average stays at its update number `updates`, the first being 1."""
    return EMA.keeps(updates)
