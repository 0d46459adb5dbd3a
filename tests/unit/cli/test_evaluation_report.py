"""`align show` and `align report` on an evaluation."""

from __future__ import annotations

import json
from pathlib import Path

from harness.evaluating.result import NAME
from tests.unit.cli.conftest import Align
from tests.unit.evaluating.samples import made


def test_a_run_folder_and_its_file_are_shown_whatever_the_verdict(align: Align, tmp_path: Path) -> None:
    made(ratio=30.0).save(tmp_path / NAME)
    (tmp_path / "renamed.json").write_bytes((tmp_path / NAME).read_bytes())
    for stored in (tmp_path, tmp_path / NAME, tmp_path / "renamed.json"):
        ran = align("show", stored)
        assert ran.exit_code == 0
        assert "mIoU" in ran.stdout
        assert ran.stdout.index("n|2") < ran.stdout.index("n|1") < ran.stdout.index("n|0")


def test_samples_are_chosen_by_name_or_glob(align: Align, tmp_path: Path) -> None:
    made().save(tmp_path / NAME)
    found = json.loads(align("show", tmp_path, "n|[01]", "--json").stdout)
    assert [row["name"] for row in found["samples"]] == ["n|1", "n|0"]
    ran = align("show", tmp_path, "m")
    assert ran.exit_code == 2
    assert "near it" in ran.stderr


def test_it_is_drawn_as_a_page_or_as_markdown(align: Align, tmp_path: Path) -> None:
    made().save(tmp_path / NAME)
    for ending, word in (("html", "<table>"), ("md", "| mIoU |")):
        assert align("report", tmp_path, "--output", tmp_path / f"a.{ending}").exit_code == 0
        assert word in (tmp_path / f"a.{ending}").read_text(encoding="utf-8")
    ran = align("report", tmp_path, "--output", tmp_path / "a.xml")
    assert ran.exit_code == 2
    assert ".html, .md, .json" in ran.stderr


def test_a_damaged_one_is_reported_in_a_line(align: Align, tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('{"schema": "align-evaluation", "version": 1}')
    for words in (["show", tmp_path], ["report", tmp_path, "--output", tmp_path / "a.html"]):
        ran = align(*words)
        assert ran.exit_code == 2
        assert "damaged evaluation" in ran.stderr
