"""Mistakes in training, planted into a small pair: found at the step that is due, and named."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from harness.flows.selftest import SelftestScore
from harness.flows.selftest_training import selftest_training
from harness.flows.train_request import TrainRequest
from harness.progress import Silent
from harness.selftest import FaultResult

PAIRS = "tests.unit.training.trainee:"
# The step at which each must show, worked out by hand from the recipe. What the optimiser remembers is there
# from the second step on.
ADAM = {
    "rate times 10": 0, "no schedule": 5, "schedule late by a step": 5, "no decay": 0, "eps times 100": 0,
    "decay in the other place": 0, "second beta": 0, "betas swapped": 0, "slots lost": 1, "group missing": 0,
    "no bias correction": 1, "parameter missing": 0, "the group's own rate missing": 0,
    "loss times the batch": 0, "momentum of norms": 0, "statistics stale": 0, "layer frozen": 0,
}  # fmt: skip
# Gradients of two passes come together: the optimiser steps in 1, 3 and 5, and has slots from 2 on.
SGD = {
    "rate times 10": 1, "schedule late by a step": 1, "no decay": 1, "nesterov": 1,
    "slots lost": 2, "group missing": 1, "mean of gradients": 0, "last gradients alone": 1,
    "another decay of averages": 1, "no ramp of averages": 1, "variance biased": 0,
}  # fmt: skip
FROZEN = {"layer not frozen": 0, "decay in the other place": 0}

pytestmark = [pytest.mark.torch, pytest.mark.jittor]


def planted(pair: str, count: int | None, steps: int = 6) -> SelftestScore:
    """What becomes of the mistakes in a pair of so many steps."""
    return selftest_training(TrainRequest(PAIRS + pair, steps=steps, loaders=0), count, 1, Silent())


def steps(rows: list[FaultResult]) -> dict[str, list[int]]:
    """The steps at which the mistakes of each kind were found."""
    found: dict[str, list[int]] = {}
    for row in rows:
        if row.ran and row.sources:
            found.setdefault(row.mistake.kind, []).append(
                int(row.sources[0].split(":")[0].removeprefix("step "))
            )
    return found


def require(result: SelftestScore, due: Mapping[str, int], share: float) -> None:
    """All found, those of known steps there, most named, and no sound step accused."""
    assert result.alarms == []
    assert result.score.detected == 1
    assert result.score.located >= 0.95
    assert result.score.named >= share
    found = steps(result.rows)
    for kind, step in due.items():
        assert set(found.get(kind, [step])) == {step}, kind


def test_a_sample_of_mistakes_is_found_and_named() -> None:
    result = planted("SGD", 8)
    assert result.score.planted >= 6
    require(result, SGD, 0.9)


def test_the_momentum_of_a_norm_that_is_called_twice_is_named() -> None:
    """Its buffers go no multiple of the right way: momenta are tried on the reference, and given back."""
    result = planted("TWICE", None, steps=2)
    norms = [row for row in result.rows if row.mistake.kind in ("momentum of norms", "momentum of one norm")]
    told = "the momentum of norm is the share that is kept, not the one that is taken: 0.9 for 0.1."
    assert [row.said for row in norms] == [told] * 2
    assert result.score.detected == result.score.located == 1
    assert result.alarms == []


@pytest.mark.slow
@pytest.mark.parametrize(("pair", "due"), [("ADAM", ADAM), ("SGD", SGD), ("FROZEN", FROZEN)])
def test_every_mistake_at_every_place_is_found_and_named(pair: str, due: dict[str, int]) -> None:
    result = planted(pair, 10**6)
    require(result, due, 0.9)
    assert set(due) <= set(steps(result.rows))
