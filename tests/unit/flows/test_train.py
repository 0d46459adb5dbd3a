"""Trainings of a small pair: sound ones align, planted mistakes are found and named, resumes are exact."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import BadInput
from harness.flows import checkpoints
from harness.flows.explain_training import explain_training
from harness.flows.train import PAGE, resume, train
from harness.flows.train_request import TrainRequest
from harness.progress import Silent
from harness.session import Worker
from harness.training.change import Change
from harness.training.log import NAME, Training
from harness.training.records import Step
from weight_convert import read_state

PAIRS = "tests.unit.training.trainee:"
STEPS = 5

pytestmark = [pytest.mark.torch, pytest.mark.jittor]


def run(workers: dict[str, Worker], pair: str, folder: Path, **more: Any) -> Training:
    """A short training."""
    settings = {"steps": STEPS, "loaders": 0, **more}
    return train(TrainRequest(PAIRS + pair, output=folder, **settings), Silent(), workers)


@pytest.mark.parametrize("pair", ["ADAM", "SGD", "FROZEN"])
def test_a_sound_port_aligns_at_every_forced_step(
    workers: dict[str, Worker], pair: str, tmp_path: Path
) -> None:
    found = run(workers, pair, tmp_path / "run")
    assert found.end is not None
    assert found.end.verdict == "aligned"
    assert found.end.status == "done"
    assert [one.step for one in found.steps] == list(range(STEPS))
    assert [one.verdict for one in found.forced] == ["aligned"] * len(found.forced)
    assert {0, 1, 2, 4} <= {one.step for one in found.forced}
    assert min(one.judged for one in found.forced) >= 10
    assert all(one.decided is not None and 2 * one.decided > one.judged for one in found.forced)
    assert not found.findings
    assert "The port trains as the reference does" in (tmp_path / "run" / PAGE).read_text(encoding="utf-8")
    first = found.steps[0].sides
    assert first["torch"].loss == pytest.approx(first["jittor"].loss, rel=1e-5)
    assert first["torch"].gradients == pytest.approx(first["jittor"].gradients, rel=1e-3)


def test_metrics_are_taken_every_so_many_epochs_and_after_the_last(
    workers: dict[str, Worker], tmp_path: Path
) -> None:
    more = {"forced": False, "steps": None, "limit": 4, "evaluate": True, "evaluate_every": 2}
    found = run(workers, "LEARNS", tmp_path / "run", epochs=5, **more)
    assert len(found.steps) == 5
    assert [(one.epoch, one.step) for one in found.epochs] == [(1, 2), (3, 4), (4, 5)]


def test_nothing_is_validated_where_there_are_no_metrics(workers: dict[str, Worker], tmp_path: Path) -> None:
    found = run(workers, "ADAM", tmp_path / "run", forced=False, limit=4, steps=2, epochs=2, evaluate=True)
    assert len(found.steps) == 2
    assert not found.epochs


def test_a_mistake_is_found_at_its_step_named_and_explained_later(
    workers: dict[str, Worker], tmp_path: Path
) -> None:
    """`explain` reads the cause from the log, or takes the step again from the checkpoint before it."""
    folder, words = tmp_path / "run", "what the optimiser remembered is lost"
    found = run(workers, "ADAM", folder, planted=Change(slots_lost=True), steps=3, every=1)
    assert found.end is not None
    assert found.end.verdict == "diverged"
    wrong = next(one for one in found.forced if one.verdict == "diverged")
    assert wrong.step == 1
    assert words in wrong.cause
    told = explain_training(folder, Silent())
    assert (told.cause, told.repeated) == (wrong.cause, False)
    log = folder / NAME
    log.write_text(log.read_text().replace(json.dumps(wrong.cause), json.dumps("")))
    for start in (True, False):
        again = explain_training(log, Silent(), workers, model=PAIRS + "ADAM")
        assert again.forced is not None
        assert (again.forced.step, again.cause, again.repeated) == (1, wrong.cause, True)
        if start:  # from the start, where no checkpoint is left
            shutil.rmtree(folder / checkpoints.FOLDER)


def test_nothing_is_explained_where_nothing_diverged(workers: dict[str, Worker], tmp_path: Path) -> None:
    run(workers, "SGD", tmp_path / "run", steps=2)
    told = explain_training(tmp_path / "run", Silent())
    assert told.forced is None
    assert told.sentence == "None of 2 forced steps diverged, so there is nothing to explain."


def stored_in(folder: Path, step: int, side: str) -> Path:
    """The file of a checkpoint."""
    return folder / checkpoints.FOLDER / f"step-{step:08d}" / f"{side}.safetensors"


def stored(folder: Path, step: int) -> dict[str, Any]:
    """All that both sides remember after a step."""
    return {
        f"{side} {key}": (array.dtype.str, array.tobytes())
        for side in ("torch", "jittor")
        for key, array in read_state(stored_in(folder, step, side)).arrays.items()
    }


def test_a_training_that_was_broken_off_goes_on_bit_for_bit(
    workers: dict[str, Worker], tmp_path: Path
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    run(workers, "SGD", whole, steps=7, every=3, keep=9)
    shutil.copytree(whole, broken)
    log = (broken / NAME).read_bytes()
    (broken / NAME).write_bytes(log[: log.index(b'"step": 4')])  # a kill in the middle of a line
    for newer in (6, 7):  # which the log does not tell of: it may not be gone on from
        stored_in(broken, newer, "torch").write_bytes(b"another training's")
    found = resume(broken, Silent(), workers=workers, model=PAIRS + "SGD")
    assert [one.step for one in found.resumed] == [3]
    assert "after 3 steps" in (broken / PAGE).read_text(encoding="utf-8")
    assert [one.step for one in found.steps] == list(range(7))
    expected = stored(whole, 7)
    assert any("optimizer:" in key for key in expected)
    assert any("ema:" in key for key in expected)
    assert stored(broken, 7) == expected


@pytest.mark.slow
def test_a_training_goes_on_wherever_its_log_was_torn(workers: dict[str, Worker], tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    before = run(workers, "SGD", whole, steps=7, every=2, keep=9, twins=2)
    log, expected = (whole / NAME).read_bytes(), stored(whole, 7)
    first = log.index(b"\n") + 1
    for end in (first, *np.random.default_rng(0).integers(first, len(log), 4), len(log)):
        shutil.copytree(whole, broken)
        (broken / NAME).write_bytes(log[:end])
        found = resume(broken, Silent(), workers=workers)
        assert stored(broken, 7) == expected
        assert [one.step for one in found.steps] == list(range(7))
        for mine, theirs in zip(found.steps, before.steps, strict=True):
            assert told(mine) == told(theirs)
        assert [one.step for one in found.forced] == [one.step for one in before.forced]
        assert found.end is not None
        assert before.end is not None
        assert found.end.sentence == before.end.sentence
        shutil.rmtree(broken)


def told(step: Step) -> dict[str, Any]:
    """What a step told, without the time that it took."""
    return {side: replace(one, seconds=0.0) for side, one in step.sides.items()}


def test_forced_steps_leave_the_ports_own_run_as_it_is(workers: dict[str, Worker], tmp_path: Path) -> None:
    for forced in (True, False):
        run(workers, "SGD", tmp_path / str(forced), steps=4, forced=forced)
    assert stored(tmp_path / "True", 4) == stored(tmp_path / "False", 4)


def test_only_the_newest_checkpoints_are_kept(workers: dict[str, Worker], tmp_path: Path) -> None:
    run(workers, "ADAM", tmp_path / "run", steps=4, every=1, keep=2, forced=False)
    assert [checkpoints.step_of(path) for path in checkpoints.found(tmp_path / "run")] == [3, 4]


def test_without_forced_steps_nothing_is_decided(workers: dict[str, Worker], tmp_path: Path) -> None:
    found = run(workers, "ADAM", tmp_path / "run", steps=2, forced=False)
    assert found.end is not None
    assert found.end.verdict == "inconclusive"


def test_a_full_disk_is_reported_before_a_checkpoint_is_written(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="MB free, and a checkpoint takes"):
        checkpoints.require_room(tmp_path, 1 << 60)


def test_a_log_that_does_not_tell_what_was_trained_is_refused() -> None:
    with pytest.raises(BadInput, match=r"old\.jsonl does not tell what was trained"):
        TrainRequest.from_dict(None, "old.jsonl")
