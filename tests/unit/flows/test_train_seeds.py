"""Trainings over seeds, whole: a sound port is equivalent, a worse one never is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.case import SIDES
from harness.errors import ALIGNED, DIVERGED, INCONCLUSIVE
from harness.flows.train_request import TrainRequest
from harness.flows.train_seeds import train_seeds
from harness.progress import Silent
from harness.session import Worker
from harness.training.change import Change
from harness.training.over_seeds import OverSeeds, judged

SEEDS = 3
REQUEST = TrainRequest(
    "tests.unit.training.trainee:LEARNS", epochs=10, limit=32, loaders=0, forced=False, every=10_000
)

pytestmark = [pytest.mark.torch, pytest.mark.jittor, pytest.mark.slow]


def over_seeds(workers: dict[str, Worker], folder: Path, planted: Change) -> OverSeeds:
    """The small pair, trained over seeds, judged by a margin of a tenth."""
    request = replace(REQUEST, output=folder, planted=planted)
    return train_seeds(request, SEEDS, 0.1, Silent(), workers)


def test_a_sound_port_is_equivalent_and_a_small_margin_asks_for_more_seeds(
    workers: dict[str, Worker], tmp_path: Path
) -> None:
    found = over_seeds(workers, tmp_path / "runs", Change())
    (last,) = found.last
    assert last.verdict == "equivalent", last.sentence
    assert last.low < last.difference < last.high
    assert all(spread > 0 for spread in last.spread)
    assert found.exit_code == ALIGNED
    for training in found.trainings:
        for side in SIDES:
            figures = [epoch.metrics[side]["correlation"] for epoch in training.epochs]
            assert figures[-1] > figures[0]  # it really learns
    strict = judged(tmp_path, found.trainings, 1e-5)
    assert strict.exit_code == INCONCLUSIVE
    needed = strict.last[0].needed
    assert needed is None or needed > SEEDS
    assert found.churn is not None
    assert 0 <= found.churn.port <= 1


def test_a_worse_port_is_never_equivalent(workers: dict[str, Worker], tmp_path: Path) -> None:
    found = over_seeds(workers, tmp_path / "runs", Change(rate=0.3))
    (last,) = found.last
    assert last.verdict != "equivalent", last.sentence
    assert last.difference < 0
    assert found.exit_code != ALIGNED


def test_a_port_that_hardly_learns_is_different(workers: dict[str, Worker], tmp_path: Path) -> None:
    found = over_seeds(workers, tmp_path / "runs", Change(rate=0.03))
    (last,) = found.last
    assert last.verdict == "different", last.sentence
    assert last.high < -last.margin
    assert found.exit_code == DIVERGED
