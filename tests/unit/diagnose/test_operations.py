"""Operations that stand for each other are tried on the reference's own call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from harness.diagnose import DifferingLayer, Trial, operations
from harness.diagnose._cause import explain_forward

GIVEN = np.random.default_rng(2).standard_normal((2, 5, 3)).astype(np.float32)
DONE = {"max": GIVEN.max(1), "amax": GIVEN.max(1), "sum": GIVEN.sum(1), "min": GIVEN.min(1)}


def replay(trials: Sequence[Trial]) -> list[Any]:
    """What the reference would make of its call with another operation."""
    return [DONE.get(trial.kind) for trial in trials]


def layer(port: Any, operation: bool = True) -> DifferingLayer:
    """A mean over the second axis, which is another reduction in the port; its input is not known."""
    return DifferingLayer("mean", GIVEN.mean(1), port, operation=operation, floor=1e-5)


def test_the_operation_that_makes_the_ports_tensor_is_named() -> None:
    found = explain_forward(layer(GIVEN.max(1)), replay)
    assert "the reference computed as max in place of mean" in found.sentence
    assert "amax" in found.sentence  # as near, so it is told too
    assert not explain_forward(layer(GIVEN[:, 1] * 2 + 1), replay).found


def test_nothing_is_tried_on_layers_and_nothing_twice() -> None:
    assert list(operations.trials(layer(GIVEN.max(1), operation=False))) == []
    kinds = [trial.kind for trial in operations.trials(layer(GIVEN.max(1)))]
    assert "mean" not in kinds
    assert len(set(kinds)) == len(kinds) >= 4
