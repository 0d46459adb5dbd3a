"""`align report` on a training."""

from __future__ import annotations

from pathlib import Path

from harness.training.log import NAME, TrainingLog
from tests.unit.cli.conftest import Align
from tests.unit.training import samples


def run_folder(folder: Path) -> Path:
    """A run with a training in it."""
    folder.mkdir()
    with TrainingLog(folder / NAME) as log:
        for record in samples.records():
            log.write(record)
    return folder


def test_a_run_folder_and_its_log_can_be_drawn(align: Align, tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run")
    for place, stored in enumerate((run, run / NAME)):
        page = tmp_path / f"{place}.html"
        ran = align("report", stored, "--output", page)
        assert ran.exit_code == 0
        assert "Gap in the loss" in page.read_text(encoding="utf-8")
        assert align("report", stored, "--output", page).exit_code == 2
        assert align("report", stored, "--output", page, "--force").exit_code == 0


def test_junit_is_refused_for_a_training_with_what_is_allowed(align: Align, tmp_path: Path) -> None:
    ran = align("report", run_folder(tmp_path / "run"), "--output", tmp_path / "a.xml")
    assert ran.exit_code == 2
    assert ".html, .md, .json" in ran.stderr


def test_a_damaged_log_is_reported_in_a_line(align: Align, tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run")
    with (run / NAME).open("a", encoding="utf-8") as log:
        log.write("{}\n")
    ran = align("report", run, "--output", tmp_path / "a.html")
    assert ran.exit_code == 2
    assert "is damaged: its kind is None" in ran.stderr
    assert not (tmp_path / "a.html").exists()
