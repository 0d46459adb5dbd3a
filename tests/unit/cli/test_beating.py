"""A command that does one thing for long says so again and again."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from harness.cli.beating import Beating, beating


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("ALIGN_CACHE", str(tmp_path))
    return tmp_path


def test_what_goes_on_for_long_is_said_again(capsys: pytest.CaptureFixture[str]) -> None:
    told = Beating("doctor", pause=0)
    told.say("trying jittor\nwith much to say")
    told.beat()
    said = capsys.readouterr().err.splitlines()
    assert said == ["doctor: trying jittor with much to say", "doctor: trying jittor: 0 s so far"]


def test_it_is_said_how_much_of_the_core_is_compiled(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = Beating("doctor", pause=0)
    told.say("compiling Jittor's core")
    objects = cache / "jittor" / "jt1" / "cpu-1" / "obj_files"
    objects.mkdir(parents=True)
    for name in ("one.cc.o", "two.cc.o"):
        (objects / name).touch()
    told.beat()
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith("0 s so far, 2 files of Jittor's core compiled, the first time only")


def test_nothing_is_said_too_often_nor_before_something_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    told = Beating("doctor", pause=60)
    told.beat()
    told.say("trying torch")
    told.beat()
    assert capsys.readouterr().err == "doctor: trying torch\n"


def test_it_beats_by_itself_until_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("harness.cli.beating._PAUSE", 0.05)
    monkeypatch.setattr(Beating.__init__, "__defaults__", (0.05,))
    said = ""
    with beating("cache") as say:
        say("compiling")
        for _ in range(200):
            time.sleep(0.05)
            said += capsys.readouterr().err
            if "so far" in said:
                break
    assert re.search(r"^cache: compiling: \d+ s so far$", said, re.MULTILINE)
    capsys.readouterr()
    time.sleep(0.2)
    assert capsys.readouterr().err == ""
