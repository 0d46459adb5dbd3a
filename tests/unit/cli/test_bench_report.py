"""`align report` on a measurement of speed and memory."""

from __future__ import annotations

from pathlib import Path

from tests.unit.bench.samples import made
from tests.unit.cli.conftest import Align


def test_a_run_folder_its_file_and_one_of_another_name_can_be_drawn(align: Align, tmp_path: Path) -> None:
    found = made([2.0, 2.01, 1.99, 2.0])
    found.save(tmp_path / "bench.json")
    found.save(tmp_path / "renamed.json")
    for place, stored in enumerate((tmp_path, tmp_path / "bench.json", tmp_path / "renamed.json")):
        for language, words in (("en", "The port takes 2 times"), ("zh", "移植用时是参考的 2 倍")):
            page = tmp_path / f"{place}-{language}.html"
            assert align("report", stored, "--output", page, "--lang", language).exit_code == 0
            assert words in page.read_text(encoding="utf-8")
            assert align("report", stored, "--output", page).exit_code == 2


def test_other_forms_are_refused_with_what_is_allowed(align: Align, tmp_path: Path) -> None:
    made([2.0, 2.01]).save(tmp_path / "bench.json")
    ran = align("report", tmp_path, "--output", tmp_path / "a.xml")
    assert ran.exit_code == 2
    assert ".html, .md, .json" in ran.stderr


def test_a_damaged_one_is_reported_in_a_line(align: Align, tmp_path: Path) -> None:
    (tmp_path / "bench.json").write_text('{"schema": "align-bench", "version": 1}')
    ran = align("report", tmp_path, "--output", tmp_path / "a.html")
    assert ran.exit_code == 2
    assert "damaged measurement" in ran.stderr
