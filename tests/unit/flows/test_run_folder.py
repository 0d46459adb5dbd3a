"""Each run has a folder of its own, even where two begin at the same moment."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import TypeAlias

import pytest

from harness.case import Case
from harness.errors import BadInput, HarnessError, WorkerLost
from harness.flows import run_folder

AT_ONCE, ROUNDS = 4, 40
CASE = Case("led", "unet")
SPAWN = multiprocessing.get_context("spawn")
Answers: TypeAlias = "multiprocessing.SimpleQueue[list[Path | None]]"


def choose(place: Path, output: Path | None, start: Barrier, chosen: Answers) -> None:
    """Choose a folder at the same moment as others, several times over."""
    os.chdir(place)
    mine: list[Path | None] = []
    for turn in range(ROUNDS):
        start.wait(60)
        try:
            mine.append(run_folder.choose(output and output / str(turn), CASE))
        except BadInput:
            mine.append(None)
    chosen.put(mine)


def at_once(place: Path, output: Path | None) -> list[list[Path | None]]:
    """What many processes chose, a list of answers for each of them."""
    start, chosen = SPAWN.Barrier(AT_ONCE), SPAWN.SimpleQueue()
    runs = [SPAWN.Process(target=choose, args=(place, output, start, chosen)) for _ in range(AT_ONCE)]
    for run in runs:
        run.start()
    found = [chosen.get() for _ in runs]
    for run in runs:
        run.join(60)
    return found


def test_runs_that_begin_at_once_have_different_folders(tmp_path: Path) -> None:
    found = [path for mine in at_once(tmp_path, None) for path in mine]
    assert None not in found
    assert len(set(found)) == AT_ONCE * ROUNDS
    assert len(list((tmp_path / "runs").iterdir())) == AT_ONCE * ROUNDS


def test_of_runs_that_are_given_the_same_folder_one_gets_it(tmp_path: Path) -> None:
    for turn in range(0, ROUNDS, 2):
        (tmp_path / "out" / str(turn)).mkdir(parents=True)  # an empty one may be there
    found = at_once(tmp_path, Path("out"))
    for turn in range(ROUNDS):
        assert [mine[turn] for mine in found if mine[turn]] == [Path("out", str(turn))]


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kept").touch()
    with pytest.raises(BadInput, match="exists and is not an empty folder; name another"):
        run_folder.choose(tmp_path, CASE)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("file", "exists and is not an empty folder"),
        ("link", "exists and is not an empty folder"),
        ("file/deeper", "cannot be written: File exists"),
        ("link/deeper", "cannot be written: File exists"),
    ],
)
def test_what_is_no_folder_is_refused(name: str, word: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(BadInput, match=word):
        run_folder.choose(tmp_path / name, CASE)


@pytest.mark.parametrize("what", ["file", "link"])
def test_where_runs_is_no_folder_that_is_reported(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if what == "file":
        Path("runs").touch()
    else:
        Path("runs").symlink_to("nowhere")
    with pytest.raises(BadInput, match="cannot be written: File exists"):
        run_folder.choose(None, CASE)


def test_names_of_own_pairs_are_names_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = run_folder.choose(None, Case("some/where/own.py:PAIR", "v"))
    assert made.parent == Path("runs")
    assert made.name.endswith("-own-v")
    assert [path.name for path in made.iterdir()] == ["logs"]


@pytest.mark.parametrize(
    "kept", [run_folder.kept_if_done, lambda folder: run_folder.kept_log(folder, "a.log")]
)
@pytest.mark.parametrize(
    ("error", "stays"), [(BadInput("weights of another model"), False), (WorkerLost("it raised"), True)]
)
def test_logs_stay_where_a_side_has_failed_not_where_something_was_refused(
    tmp_path: Path, kept: Callable[[Path], AbstractContextManager[None]], error: HarnessError, stays: bool
) -> None:
    folder = run_folder.choose(tmp_path / "run", CASE)
    (folder / "logs" / "torch.log").write_text("what torch has said")
    with pytest.raises(type(error)), kept(folder):
        raise error
    assert folder.exists() == stays


def test_what_else_a_folder_holds_stays_where_something_was_refused(tmp_path: Path) -> None:
    folder = run_folder.choose(tmp_path / "run", CASE)
    (folder / "notes.txt").write_text("of the user")
    with pytest.raises(BadInput), run_folder.kept_if_done(folder):
        raise BadInput("no")
    assert (folder / "notes.txt").exists()
