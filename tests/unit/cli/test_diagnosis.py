"""The commands that look for causes, as far as they run nothing."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.conftest import Align


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
