"""A training's own run against its twins, and its metrics, on both sides for real."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.flows.train import train
from harness.flows.train_request import TrainRequest
from harness.progress import Silent
from harness.training.change import Change
from harness.training.free_run import free_run
from harness.training.log import Training

pytestmark = [pytest.mark.torch, pytest.mark.jittor]

STEPS, BATCH = 9, 4


def trained(folder: Path, **more: object) -> Training:
    """A training of the small pair."""
    request = TrainRequest(
        "tests.alignment.small_training:PAIR",
        steps=STEPS,
        epochs=3,
        batch=BATCH,
        lr=0.05,
        twins=3,
        evaluate=True,
        forced=False,
        output=folder / "run",
        **more,  # type: ignore[arg-type]
    )
    return train(request, Silent())


def test_a_sound_port_strays_as_twins_do_and_has_the_references_metrics(tmp_path: Path) -> None:
    found = trained(tmp_path)
    assert [len([twin for twin in found.twins if twin.twin == n]) for n in range(3)] == [STEPS] * 3
    assert {twin.side for twin in found.twins} == {"torch"}
    measured = [step.step for step in found.steps if step.distance is not None]
    assert measured == [0, 1, 2, 4, 8]
    assert [one.what for one in free_run(found)] == ["loss", "weights"]
    assert {one.status for one in free_run(found)} == {"chaos"}
    moved = [step.moved for step in found.steps if step.moved is not None]
    assert moved == sorted(moved)
    assert moved[0] > 0
    assert [epoch.step for epoch in found.epochs] == [3, 6, 9]
    for epoch in found.epochs:
        assert epoch.metrics["jittor"] == pytest.approx(epoch.metrics["torch"], rel=1e-4)
        assert len(epoch.samples["torch"]) == 6
    assert found.epochs[0].metrics["torch"]["size"] > found.epochs[-1].metrics["torch"]["size"]


@pytest.mark.slow
def test_the_metrics_disturb_no_training(tmp_path: Path) -> None:
    with_metrics = trained(tmp_path / "a")
    without = TrainRequest(
        "tests.alignment.small_training:PAIR",
        steps=STEPS,
        epochs=3,
        batch=BATCH,
        lr=0.05,
        forced=False,
        output=tmp_path / "b",
    )
    bare = train(without, Silent())
    for mine, theirs in zip(with_metrics.steps, bare.steps, strict=True):
        assert {side: one.losses for side, one in mine.sides.items()} == {
            side: one.losses for side, one in theirs.sides.items()
        }


@pytest.mark.slow
def test_a_kink_that_lies_where_the_port_is_accuses_nobody(tmp_path: Path) -> None:
    request = TrainRequest(
        "led",
        seed=1,
        steps=2,
        batch=2,
        input_size=(32, 32),
        limit=16,
        twins=2,
        evaluate=False,
        output=tmp_path / "a",
    )
    found = train(request, Silent())
    assert found.end is not None
    assert found.end.verdict == "aligned"
    assert [(one.step, one.verdict) for one in found.own] == [(1, "aligned")]


@pytest.mark.slow
def test_a_wrong_rate_is_suspect_in_both_runs_of_the_port(tmp_path: Path) -> None:
    found = trained(tmp_path, planted=Change(rate=1.02))
    assert {twin.side for twin in found.twins} == {"torch", "jittor"}
    judged = {one.what: one for one in free_run(found)}
    assert judged["weights"].status == "suspect"
    assert judged["weights"].outside is not None
    assert judged["weights"].outside <= 2
    assert found.end is not None
    assert found.end.verdict == "inconclusive"
    assert "suspect" in found.end.sentence
    assert "diverged" in {one.verdict for one in found.own}
