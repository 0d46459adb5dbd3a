"""A training log as two alike sides would write it."""

from __future__ import annotations

import math

import numpy as np

from harness.training.records import (
    Checkpoint,
    End,
    Epoch,
    Event,
    Forced,
    ForcedRow,
    Record,
    SideStep,
    Start,
    Step,
    Twin,
)

SIDES = ("torch", "jittor")


def start(steps: int = 40, per_epoch: int = 10) -> Start:
    """The first record."""
    return Start(
        case={"pair": "numbers", "variant": "one", "seed": 0},
        recipe={"optimizer": "adam", "lr": 5e-4},
        data={"source": "synthetic", "samples": 40},
        sides={side: {"version": "1.0", "device": "cpu"} for side in SIDES},
        steps=steps,
        steps_per_epoch=per_epoch,
        groups={"weights": ["a.weight", "b.weight"], "biases": ["a.bias"]},
        events=[Event(5, "warm-up ends"), Event(20, "milestone")],
        notes=["the order of sums on a GPU is not fixed"],
    )


def step(number: int, per_epoch: int = 10, gap: float = 0.0) -> Step:
    """A step whose port is off by a relative gap."""
    loss = math.exp(-number / 20)
    sides = {
        side: SideStep(
            {"loss": loss * (1 + share * gap), "part": loss / 2},
            {"weights": 5e-4, "biases": 1e-3},
            {"weights": 1.0, "biases": 0.1},
            {"weights": 0.01, "biases": 0.001},
            0.25,
        )
        for side, share in zip(SIDES, (0, 1), strict=True)
    }
    return Step(number, number // per_epoch, sides, distance=gap * 10, moved=0.1 * (number + 1))


def records(steps: int = 40, per_epoch: int = 10, gap: float = 1e-5, twins: int = 4) -> list[Record]:
    """A whole training."""
    rng = np.random.default_rng(0)
    made: list[Record] = [start(steps, per_epoch)]
    for number in range(steps):
        made.append(step(number, per_epoch, gap * float(rng.standard_normal())))
        for twin in range(twins):
            kick = gap * float(rng.standard_normal())
            made.append(Twin("torch", twin, number, math.exp(-number / 20) * (1 + kick), abs(kick) * 10))
        if number in (0, 1, 2, 4, 5):
            rows = [ForcedRow("grad:a.weight", "aligned", 0.4, "within the noise")]
            made.append(
                Forced(number, "warm-up ends" if number == 5 else "", "aligned", 12, rows, "all agree")
            )
        if number % per_epoch == per_epoch - 1:
            metrics = {side: {"IoU": number / steps, "loss": 1.0} for side in SIDES}
            made.append(Epoch(number // per_epoch, number + 1, "val", metrics, seconds=1.5))
            made.append(Checkpoint(number + 1, f"checkpoint-{number + 1}"))
    made.append(End(steps, "done", "aligned", "the port trains as the reference does", {"wall": 12.5}))
    return made
