"""The training log: written line by line, read at any moment, continued, and bounded against strangers."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.training import log
from harness.training.log import Training, TrainingLog
from harness.training.records import Epoch, Record, Resume, SideStep, Step
from tests.unit.training import samples


def written(folder: Path, records: list[Record]) -> Path:
    """A log of these records."""
    path = folder / log.NAME
    with TrainingLog(path) as file:
        for record in records:
            file.write(record)
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    records = samples.records()
    found = Training.load(written(tmp_path, records))
    assert found.start == records[0]
    assert found.end == records[-1]
    kept = [*found.steps, *found.twins, *found.forced, *found.epochs, *found.checkpoints]
    assert sorted(map(repr, kept)) == sorted(map(repr, records[1:-1]))


def test_a_run_folder_will_do(tmp_path: Path) -> None:
    written(tmp_path, samples.records())
    assert len(Training.load(tmp_path).steps) == 40


def test_what_is_not_finite_is_kept(tmp_path: Path) -> None:
    sides = {side: SideStep({"loss": value}) for side, value in (("torch", math.inf), ("jittor", math.nan))}
    found = Training.load(written(tmp_path, [samples.start(), Step(0, 0, sides)]))
    assert found.steps[0].sides["torch"].loss == math.inf
    assert math.isnan(found.steps[0].sides["jittor"].loss)


def test_each_line_is_there_as_soon_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / log.NAME
    with TrainingLog(path) as file:
        for count, record in enumerate(samples.records(steps=5), 1):
            file.write(record)
            assert len(path.read_bytes().splitlines()) == count


def test_after_a_kill_at_any_byte_every_whole_line_is_read_and_the_log_goes_on(tmp_path: Path) -> None:
    whole = written(tmp_path, samples.records(steps=3, twins=1)).read_bytes()
    first = whole.index(b"\n") + 1
    for end in {*range(0, len(whole), 7), *(at + 1 for at, byte in enumerate(whole) if byte == 10)}:
        path = tmp_path / f"{end}.jsonl"
        path.write_bytes(whole[:end])
        if end < first:
            with pytest.raises(BadInput, match="no whole line"):
                Training.load(path)
            continue
        found = Training.load(path)
        with TrainingLog(path, resume=True) as file:
            file.write(Resume(len(found.steps)))
            file.write(samples.step(len(found.steps)))
        again = Training.load(path)
        assert [step.step for step in again.steps] == list(range(len(found.steps) + 1))
        path.unlink()


def test_steps_that_a_resumed_training_repeats_count_once(tmp_path: Path) -> None:
    path = written(tmp_path, samples.records(steps=25))
    with TrainingLog(path, resume=True) as file:
        file.write(Resume(10))
        file.write(samples.step(10, gap=0.5))
    found = Training.load(path)
    assert [step.step for step in found.steps] == list(range(11))
    assert found.steps[-1].sides["jittor"].loss == samples.step(10, gap=0.5).sides["jittor"].loss
    assert {twin.step for twin in found.twins} == set(range(10))
    assert [epoch.step for epoch in found.epochs] == [10]
    assert [checkpoint.step for checkpoint in found.checkpoints] == [10]
    assert found.end is None


def test_a_log_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    path = written(tmp_path, samples.records())
    before = path.read_bytes()
    with pytest.raises(BadInput, match="exists"):
        TrainingLog(path)
    assert path.read_bytes() == before


START = json.dumps({"kind": "start", "schema": log.SCHEMA, "version": 1})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no whole line"),
        ("not json\n", "line 1 is damaged"),
        ("[1]\n", "no record"),
        ('{"kind": "step"}\n', "its kind is 'step'"),
        ('{"kind": "start", "schema": "other"}\n', "does not say align-training"),
        ('{"kind": "start", "schema": "align-training", "version": 99}\n', "of version 99"),
        (START + "\n", "is missing"),
        ("[" * 100_000 + "\n", "nested too deeply"),
    ],
)
def test_any_other_file_is_refused_in_a_line(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match=words) as expected:
        Training.load(path)
    assert "\n" not in str(expected.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"kind": "start"}', "line 2 is damaged: its kind is 'start'"),
        (
            '{"kind": "step", "step": 0, "epoch": 0, "sides": {}, "distance": null, "moved": null}',
            "two sides",
        ),
        ('{"kind": "resume", "step": "three"}', "step is 'three'"),
        ('{"kind": "resume", "step": 1, "more": 2}', "more is unknown"),
        ('{"kind": "unheard of"}', "its kind is 'unheard of'"),
        ('{"kind": [1]}', "its kind is"),
        ('{"kind": {}}', "its kind is"),
        ("\x00\x01", "line 2 is damaged"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str, words: str) -> None:
    path = written(tmp_path, [samples.start()])
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(BadInput, match=words):
        Training.load(path)


def test_a_line_without_end_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, [samples.start()])
    with path.open("ab") as file:
        file.write(b" " * 2_000_000)
    monkeypatch.setattr(log, "MOST_BYTES_OF_A_LINE", 100_000)
    with pytest.raises(BadInput, match="longer than"):
        Training.load(path)


def test_a_pipe_and_a_folder_without_a_log_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(BadInput):
            Training.load(path)


def test_metrics_by_sample_survive(tmp_path: Path) -> None:
    epoch = Epoch(0, 10, "val", {"torch": {"IoU": 0.5}}, {"torch": [0.25, 0.75]}, averaged=True)
    assert Training.load(written(tmp_path, [samples.start(), epoch])).epochs == [epoch]
