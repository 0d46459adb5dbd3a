"""Trainings with dropouts: both sides drop alike and anew in each pass, and a wrong dropout is found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.flows import checkpoints
from harness.flows.train import resume, train
from harness.flows.train_request import TrainRequest
from harness.pairs.base import Arrays
from harness.progress import Silent
from harness.session import Worker
from harness.training.log import Training
from weight_convert import read_state

MODEL = "tests.unit.training.dropper:PAIR"
STEPS = 3

pytestmark = [pytest.mark.torch, pytest.mark.jittor]


def run(workers: dict[str, Worker], variant: str, folder: Path, **more: Any) -> Training:
    """A short training on one batch, so that only what is dropped differs from step to step."""
    settings = {"steps": STEPS, "epochs": 10, "loaders": 0, "limit": 4, **more}
    return train(TrainRequest(MODEL, variant, output=folder, **settings), Silent(), workers)


def test_both_sides_drop_alike_and_anew_in_each_pass(workers: dict[str, Worker], tmp_path: Path) -> None:
    found = run(workers, "sound", tmp_path / "run", lr=1e-12)
    assert found.end is not None
    assert found.end.verdict == "aligned"
    losses = [one.sides["torch"].loss for one in found.steps]
    assert [one.sides["jittor"].loss for one in found.steps] == pytest.approx(losses, rel=1e-5)
    assert np.ptp(losses) > 0.01 * losses[0]  # the weights hardly move, so it is what was dropped


@pytest.mark.parametrize(
    "variant",
    ["missing", *(pytest.param(name, marks=pytest.mark.slow) for name in ("rate", "channels", "unscaled"))],
)
def test_a_wrong_one_is_found_in_the_first_step(
    workers: dict[str, Worker], variant: str, tmp_path: Path
) -> None:
    found = run(workers, variant, tmp_path / "run")
    assert found.end is not None
    assert found.end.verdict == "diverged"
    assert found.forced[0].verdict == "diverged"


def test_what_is_switched_off_is_not_judged(workers: dict[str, Worker], tmp_path: Path) -> None:
    """The path that is written by hand draws on, each side for itself: so nothing is decided."""
    found = run(workers, "missing", tmp_path / "run", dropout="off")
    assert found.start.case["dropout"] == "off"
    assert found.end is not None
    assert found.end.verdict == "inconclusive"


def test_a_resumed_training_drops_what_a_whole_one_does(workers: dict[str, Worker], tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    run(workers, "sound", whole, steps=4, every=2, forced=False)
    run(workers, "sound", cut, steps=2, every=2, forced=False)
    resume(cut, Silent(), 4, workers, model=MODEL)
    for side in ("torch", "jittor"):
        ours, its = (_kept(folder, side) for folder in (whole, cut))
        assert ours.keys() == its.keys()
        assert all(np.array_equal(ours[name], its[name]) for name in ours)


def test_an_older_log_dropped_nothing() -> None:
    plain = TrainRequest(MODEL).to_dict()
    del plain["dropout"]
    assert TrainRequest.from_dict(plain, "an older log").dropout == "off"


def _kept(folder: Path, side: str) -> Arrays:
    return read_state(checkpoints.found(folder)[-1] / f"{side}.safetensors").arrays
