"""The port's own run of a training, judged against the reference's twins as the log tells them."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from harness.training.log import Training
from harness.training.records import Twin
from harness.training.twins import Curves, Floats, Judged, judge_losses, judge_weights, stacked


def free_run(training: Training) -> list[Judged]:
    """The gap in the loss, and the distance of the weights where it was measured, over all steps of all."""
    twins = _by_twin(training)
    losses = stacked([[twin.loss for twin in one] for one in twins], len(training.steps))
    shared = losses.shape[1]
    steps = training.steps[:shared]
    if not steps:
        return []
    both = np.array([[side.loss for side in step.sides.values()] for step in steps])
    judged = [judge_losses(Curves(both[:, 0], both[:, 1], losses))]
    if all(step.distance is not None and step.moved is not None for step in steps) and all(
        twin.distance is not None for one in twins for twin in one
    ):
        judged.append(_weights(training, twins, shared))
    return judged


def _weights(training: Training, twins: list[list[Twin]], shared: int) -> Judged:
    steps = training.steps[:shared]
    distance, moved = (np.array([getattr(step, name) for step in steps]) for name in ("distance", "moved"))
    strayed: Floats = stacked([[twin.distance or 0.0 for twin in one] for one in twins], shared)
    return judge_weights(distance, strayed, moved)


def _by_twin(training: Training) -> list[list[Twin]]:
    """Each twin's steps in their order; one that lacks a step ends there."""
    found: dict[int, dict[int, Twin]] = defaultdict(dict)
    for twin in training.twins:
        found[twin.twin][twin.step] = twin
    return [
        _unbroken(by_step, [step.step for step in training.steps]) for _, by_step in sorted(found.items())
    ]


def _unbroken(by_step: dict[int, Twin], steps: list[int]) -> list[Twin]:
    kept = []
    for step in steps:
        if step not in by_step:
            break
        kept.append(by_step[step])
    return kept
