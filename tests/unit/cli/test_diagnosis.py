"""The commands that look for causes, as far as they run nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.flows import selftest_training
from harness.flows.selftest import SelftestScore
from harness.selftest import Score
from harness.training.log import NAME, TrainingLog
from harness.training.records import Forced
from tests.unit.cli.conftest import Align, Flow
from tests.unit.training import samples


def test_operation_is_reported_with_what_to_do(align: Align) -> None:
    ran = align("explain", "--op", "BatchNorm2d")
    assert ran.exit_code == 0
    assert "running-var-biased" in ran.stdout
    assert "instead: multiply the variance by n/(n-1)" in ran.stdout


def test_everything_known_is_listed_in_json(align: Align) -> None:
    expected = json.loads(align("explain", "--op", "all", "--json").stdout)
    assert len(expected["entries"]) >= 40
    assert all(item["instead"] for item in expected["entries"])


def test_unknown_operation_says_what_is_near(align: Align) -> None:
    ran = align("explain", "--op", "BatchNrm")
    assert ran.exit_code == 2
    assert "near it: " in ran.stderr


def test_explain_needs_an_alignment_or_an_operation(align: Align) -> None:
    ran = align("explain")
    assert ran.exit_code == 2
    assert "or --op NAME" in ran.stderr


def test_reproduce_needs_a_folder(align: Align, tmp_path: Path) -> None:
    (tmp_path / "alignment.json").write_text("{}")
    ran = align("reproduce", str(tmp_path / "alignment.json"), "layer:x#0:out")
    assert ran.exit_code == 2
    assert "--output" in ran.stderr


def written(folder: Path, cause: str) -> Path:
    """The log of a training whose step 4 diverged."""
    folder.mkdir()
    with TrainingLog(folder / NAME) as log:
        for record in samples.records():
            if isinstance(record, Forced):
                diverged = record.step == 4
                record = replace(record, verdict="diverged", cause=cause) if diverged else record
            log.write(record)
    return folder


def test_explain_reads_the_cause_of_a_wrong_step_from_the_log(align: Align, tmp_path: Path) -> None:
    run = written(tmp_path / "run", "jittor's step is the reference's where eps is 1e-07.")
    ran = align("explain", run)
    assert ran.exit_code == 0
    assert "Step 4" in ran.stdout
    assert "where eps is 1e-07" in " ".join(ran.stdout.split())
    told = json.loads(align("explain", run / NAME, "--json").stdout)
    assert (told["forced"]["step"], told["repeated"]) == (4, False)


def test_explain_of_a_training_refuses_what_is_for_alignments(align: Align, tmp_path: Path) -> None:
    run = written(tmp_path / "run", "something")
    ran = align("explain", run, "--timeout", "5")
    assert ran.exit_code == 2
    assert "--timeout is for alignments" in ran.stderr


SCORE = Score(1.0, 1.0, 0.9, 0, 10, 4)


def test_selftest_of_trainings_asks_for_what_the_flags_say(
    align: Align, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = Flow(SelftestScore(SCORE, [], [], 1.0))
    monkeypatch.setattr(selftest_training, "selftest_training", placed)
    for flags, count, steps in (
        ("", None, 6),
        ("--all", 1_000_000, 6),
        ("--sample 3 --steps 9 --input-size 32x48", 3, 9),
    ):
        ran = align("selftest", "--train", "--model", "led", "--seeds", "2", *flags.split())
        assert ran.exit_code == 0
        assert "10 mistakes: 100% detected" in ran.stdout
        request, asked, seeds, *_ = placed.asked
        assert (request.model, asked, seeds, request.steps) == ("led", count, 2, steps)
    assert request.input_size == (32, 48)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("--train --policy fixed", "--policy is not for --train"),
        ("--train --all --sample 3", "leave one out"),
        ("--steps 3", "--steps is for --train"),
        ("--all", "--all is for --train"),
    ],
)
def test_selftest_refuses_flags_that_do_not_go_together(align: Align, flags: str, words: str) -> None:
    ran = align("selftest", "--model", "led", *flags.split())
    assert ran.exit_code == 2
    assert words in " ".join(ran.stderr.split())
