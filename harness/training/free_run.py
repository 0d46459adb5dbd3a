"""The port's own run of a training, judged against the reference's twins as the log tells them."""

from __future__ import annotations

import numpy as np

from harness.case import PORT, REFERENCE
from harness.training.log import Training
from harness.training.records import OwnStep, Step, Twin
from harness.training.twins import (
    Curves,
    JudgedGap,
    agreed,
    excused,
    judge_losses,
    judge_weights,
)

ALIKE_SLOTS = 0.1
"""Of the size of a slot: so far may chaos bring the memories of two sound optimisers; a lost one is 1."""
Runs = dict[int, dict[int, Twin]]


def free_run(training: Training) -> list[JudgedGap]:
    """The gap in the loss, and the distance of the weights at the steps where all of it was measured.

    Where the port ran once more from weights moved by their last bit, both of its runs must say the same.
    """
    twins, ports = (_runs(training, side) for side in (REFERENCE, PORT))
    steps = [step for step in training.steps if all(step.step in run for run in twins.values())]
    if not steps:
        return []
    first = _judged(steps, twins, None)
    again = next(iter(ports.values()), None)
    if again is not None and all(step.step in again for step in steps):
        first = [agreed(*both) for both in zip(first, _judged(steps, twins, again), strict=True)]
    return [_excused(one, training.own) for one in first]


def suspicion(judged: list[JudgedGap]) -> tuple[int, int] | None:
    """The first and the last step in which the port may have left the twins' band."""
    outside = [one.outside for one in judged if one.status == "suspect" and one.outside is not None]
    if not outside:
        return None
    inside = [
        int(step)
        for one in judged
        if one.what == "weights"
        for step in one.steps[one.gap <= one.limit]
        if step < min(outside)
    ]
    return max(inside, default=-1) + 1, max(outside)


def _excused(judged: JudgedGap, own: list[OwnStep]) -> JudgedGap:
    """Without its suspicion where every step on the way out was right from what the port remembered."""
    if judged.status != "suspect" or judged.outside is None or not own:
        return judged
    way = [one for one in own if one.step <= judged.outside]
    right = all(one.verdict == "aligned" and one.slots <= ALIKE_SLOTS for one in own)
    return excused(judged, way[0].step) if right and way and own[-1].step >= judged.outside else judged


def _judged(steps: list[Step], twins: Runs, again: dict[int, Twin] | None) -> list[JudgedGap]:
    losses = np.array([[side.loss for side in step.sides.values()] for step in steps])
    port = losses[:, 1] if again is None else np.array([again[step.step].loss for step in steps])
    strays = np.array([[run[step.step].loss for step in steps] for run in twins.values()])
    found = [judge_losses(Curves(losses[:, 0], port, strays))]
    at = [step for step in steps if _measured(step, twins)]
    if at:
        distance = [step.distance if again is None else again[step.step].distance for step in at]
        strayed = [[run[step.step].distance for step in at] for run in twins.values()]
        far, stray, moved = (
            np.array(one, np.float64) for one in (distance, strayed, [step.moved for step in at])
        )
        found.append(judge_weights(far, stray, moved, [step.step for step in at]))
    return found


def _measured(step: Step, twins: Runs) -> bool:
    figures = [step.distance, step.moved, *(run[step.step].distance for run in twins.values())]
    return None not in figures


def _runs(training: Training, side: str) -> Runs:
    """The runs of a side that began with weights moved by their last bit, each by step."""
    found: Runs = {}
    for twin in training.twins:
        if twin.side == side:
            found.setdefault(twin.twin, {})[twin.step] = twin
    return found
