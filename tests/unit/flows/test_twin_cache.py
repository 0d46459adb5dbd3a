"""Twins of an earlier training are found again where nothing has changed, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.flows import twin_cache
from harness.flows.train import resume, train
from harness.flows.train_request import TrainRequest
from harness.progress import Silent
from harness.session import Worker
from harness.training.log import NAME, Training
from harness.training.records import Twin
from harness.training.setup import Uses

PAIR = "tests.unit.training.trainee:ADAM"
STEPS, TWINS = 4, 2


class Heard(Silent):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def event(self, side: str, kind: Any, **fields: Any) -> None:
        """Keep the text."""
        self.texts.append(str(fields.get("text", "")))

    def count(self, words: str) -> int:
        """How often it was told this."""
        return sum(words in text for text in self.texts)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own for each test."""
    monkeypatch.setenv("ALIGN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "twins"


def run(workers: dict[str, Worker], folder: Path, **more: Any) -> tuple[Training, Heard]:
    """A short training, and what it said."""
    heard = Heard()
    settings = {"steps": STEPS, "loaders": 0, "twins": TWINS, "forced": False, **more}
    return train(TrainRequest(PAIR, output=folder, **settings), heard, workers), heard


@pytest.mark.torch
@pytest.mark.jittor
def test_the_second_training_finds_the_twins_of_the_first(
    workers: dict[str, Worker], cache: Path, tmp_path: Path
) -> None:
    first, heard = run(workers, tmp_path / "first")
    assert len(list(cache.iterdir())) == TWINS
    assert not heard.count("kept from an earlier training")
    second, heard = run(workers, tmp_path / "second")
    assert heard.count("kept from an earlier training") == TWINS
    assert second.twins == first.twins
    assert any(one.distance is not None for one in second.twins)
    third, heard = run(workers, tmp_path / "third", twins=TWINS + 1)
    assert heard.count("kept from an earlier training") == TWINS
    assert third.twins[: len(first.twins)] == first.twins
    assert len(third.twins) == len(first.twins) + STEPS


@pytest.mark.torch
@pytest.mark.jittor
@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        pytest.param({"lr": 2e-3}, marks=pytest.mark.slow),
        pytest.param({"steps": STEPS + 1}, marks=pytest.mark.slow),
        pytest.param({"batch": 2}, marks=pytest.mark.slow),
        pytest.param({"input_size": (10, 8)}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_another_training_finds_none(
    workers: dict[str, Worker], change: dict[str, Any], tmp_path: Path
) -> None:
    run(workers, tmp_path / "first")
    _, heard = run(workers, tmp_path / "second", **change)
    assert not heard.count("kept from an earlier training")


@pytest.mark.torch
@pytest.mark.jittor
def test_a_resumed_training_judges_by_the_twins_of_a_whole_one(
    workers: dict[str, Worker], tmp_path: Path
) -> None:
    whole, _ = run(workers, tmp_path / "run", every=2, keep=9)
    log = tmp_path / "run" / NAME
    kept = log.read_bytes()
    log.write_bytes(kept[: kept.index(b'"kind": "step", "step": 3')])
    for step in (3, 4):
        place = tmp_path / "run" / "checkpoints" / f"step-{step:08d}"
        for file in place.glob("*"):
            file.unlink()
        if place.exists():
            place.rmdir()
    heard = Heard()
    found = resume(tmp_path / "run", heard, workers=workers, model=PAIR)
    assert [one.step for one in found.resumed] == [2]
    assert heard.count("replayed for the twins") == STEPS
    assert heard.count("kept from an earlier training") == TWINS
    assert found.twins == whole.twins
    assert found.end is not None
    assert whole.end is not None
    assert found.end.sentence == whole.end.sentence


TOLD = [Twin("torch", 1, 0, 0.5, None), Twin("torch", 1, 1, float("inf"), 0.25)]


def test_what_is_kept_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "one.twin"
    twin_cache.write(path, TOLD)
    assert twin_cache.read(path, 1, 2, Silent()) == TOLD
    assert twin_cache.read(tmp_path / "none.twin", 1, 2, Silent()) is None


def damages(raw: bytes) -> Iterator[bytes]:
    """The file cut at every byte, with each byte changed, and with one too many."""
    for place in range(len(raw)):
        yield raw[:place]
        yield raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
    yield raw + b"\0"


def test_a_damaged_file_is_left_out_with_a_line(tmp_path: Path) -> None:
    path = tmp_path / "one.twin"
    twin_cache.write(path, TOLD)
    for raw in damages(path.read_bytes()):
        path.write_bytes(raw)
        heard = Heard()
        assert twin_cache.read(path, 1, 2, heard) is None
        assert heard.count(f"a kept twin is left out: {path} is damaged") == 1
        assert not path.exists()


def test_a_file_that_others_may_write_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "one.twin"
    twin_cache.write(path, TOLD)
    path.chmod(0o666)
    heard = Heard()
    assert twin_cache.read(path, 1, 2, heard) is None
    assert heard.count("can be written by other users") == 1


def test_a_course_tells_every_pass_apart(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"1")
    other.write_bytes(b"2")
    uses = Uses(0, {"all": {"lr": 0.1}})
    passes = [
        (one, uses, 0.5, None),
        (other, uses, 0.5, None),
        (one, Uses(0, {"all": {"lr": 0.2}}), 0.5, None),
        (one, uses, 0.5000000000000001, None),
        (one, uses, 0.5, one),
        (one, uses, 0.5, other),
    ]
    digests = set()
    for given in passes:
        course = twin_cache.Course()
        course.add(*given)
        digests.add(str(course))
    assert len(digests) == len(passes)
