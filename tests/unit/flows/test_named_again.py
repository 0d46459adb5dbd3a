"""What a stored request says of code and paths is taken from the user alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.flows.explain_training import explain_training
from harness.flows.train import resume
from harness.flows.train_request import TrainRequest
from harness.progress import Silent
from harness.training.log import NAME, TrainingLog
from harness.training.records import Forced
from tests.unit.training.samples import start

SOUND = TrainRequest("l2sknet")
EVIL = "import pathlib\npathlib.Path({place!r}).touch()\n"


def test_a_built_in_pair_of_seeded_weights_needs_nothing() -> None:
    assert SOUND.named_again({"model": None, "weights": None, "data": None}, "it") == SOUND
    assert SOUND.flags_again() == ""


def test_paths_are_named_again_and_are_the_same(tmp_path: Path) -> None:
    stored = replace(SOUND, weights=str(tmp_path / "w.pt"), data=tmp_path / "a folder")
    with pytest.raises(BadInput, match="no path in a file is read: add --weights"):
        stored.named_again({}, "it")
    with pytest.raises(BadInput, match=r"was begun with .*w.pt.* as --weights, not "):
        stored.named_again({"weights": str(tmp_path / "other.pt")}, "it")
    with pytest.raises(BadInput, match="add --data"):
        stored.named_again({"weights": stored.weights}, "it")
    assert stored.named_again({"weights": stored.weights, "data": stored.data}, "it") == stored
    assert stored.flags_again() == f" --weights {tmp_path}/w.pt --data '{tmp_path}/a folder'"


def test_a_pair_is_the_one_that_the_run_was_of() -> None:
    stored = replace(SOUND, model="mine/pair.py:ADAM")
    assert stored.named_again({"model": "/home/me/mine/pair.py:ADAM"}, "it").model.startswith("/home")
    with pytest.raises(BadInput, match=r"is of the pair .*ADAM.*, and --model names .*SGD"):
        stored.named_again({"model": "mine/pair.py:SGD"}, "it")


@pytest.fixture
def strangers(tmp_path: Path) -> Path:
    """A stranger's run: its log names a file that would leave a trace when it is run."""
    evil = tmp_path / "evil.py"
    evil.write_text(EVIL.format(place=str(tmp_path / "it ran")))
    folder = tmp_path / "run"
    folder.mkdir()
    request = TrainRequest(str(evil)).to_dict()
    with TrainingLog(folder / NAME) as log:
        log.write(replace(start(), case={**start().case, "request": request}))
        log.write(Forced(1, "", "diverged", 3))
    return folder


def test_no_training_runs_code_that_its_log_names(strangers: Path) -> None:
    with pytest.raises(BadInput, match=r"which is not built in .*name the pair yourself, with --model"):
        resume(strangers, Silent())
    with pytest.raises(BadInput, match=r"which is not built in .*name the pair yourself, with --model"):
        explain_training(strangers, Silent())
    assert not (strangers.parent / "it ran").exists()
