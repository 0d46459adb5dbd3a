"""Where Python looks first."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from harness.environment import search_path
from harness.environment.search_path import inherited, is_shared, set_here

COPY = Path("/home/somebody/.cache/align/jittor/shared/0123456789abcdef-01234567/packages")
OTHER = Path("/elsewhere/jittor/shared/fedcba9876543210-76543210/packages")


@pytest.mark.parametrize(
    ("path", "expected"),
    [(COPY, True), (OTHER, True), (COPY.parent, False), (COPY / "jittor", False), (Path("shared"), False)],
)
def test_a_copy_is_told_by_its_name(path: Path, expected: bool) -> None:
    assert is_shared(path) == expected


def test_one_copy_is_inherited_and_it_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(search_path.VARIABLE, os.pathsep.join([str(OTHER), "mine", "", "/yours"]))
    assert inherited() == os.pathsep.join(["mine", "/yours"])
    assert inherited(COPY) == os.pathsep.join([str(COPY), "mine", "/yours"])


def test_without_a_search_path_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(search_path.VARIABLE, raising=False)
    assert inherited() == ""
    assert inherited(COPY) == str(COPY)


def test_this_process_looks_in_the_copy_first(monkeypatch: pytest.MonkeyPatch) -> None:
    before = list(sys.path)
    monkeypatch.setattr(sys, "path", list(before))
    monkeypatch.setenv(search_path.VARIABLE, "/before")
    monkeypatch.setenv("SOME_FLAG", "0")
    for _ in range(2):
        set_here({search_path.VARIABLE: os.pathsep.join([str(COPY), "/mine"]), "SOME_FLAG": "1"})
        assert sys.path == [str(COPY), *before]
    assert os.environ["SOME_FLAG"] == "1"
    set_here({"SOME_FLAG": "2"})
    assert sys.path == [str(COPY), *before]
