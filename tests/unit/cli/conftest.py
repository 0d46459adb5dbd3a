"""Running `align` inside the test's own process, with flows that do nothing but remember."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

from harness import flows
from harness.cli.app import app
from harness.progress import Progress
from tests.unit.reports import samples


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on standard output."""
        lines = self.stdout.splitlines()
        assert len(lines) == 1, self.stdout
        return json.loads(lines[0])


Align = Callable[..., Ran]


@pytest.fixture
def align(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Align:
    """Run the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("ALIGN_DEBUG", raising=False)

    def run(*words: str | Path) -> Ran:
        with pytest.raises(SystemExit) as ending:
            typer.main.get_command(app).main([str(word) for word in words])
        captured = capsys.readouterr()
        return Ran(ending.value.code, captured.out, captured.err)

    return run


@dataclass
class Flow:
    """A flow of `harness.flows` that remembers what it was asked and answers as told."""

    answer: Any
    asked: tuple[Any, ...] = ()
    named: dict[str, Any] | None = None
    folder: str = ""

    def __call__(self, *asked: Any, **named: Any) -> Any:
        self.asked, self.named = asked, named
        for argument in asked:
            if self.folder and isinstance(argument, Progress):
                argument.event("run", "folder", path=self.folder)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Flow]:
    """Put a flow in the place of a real one."""

    def place(name: str, answer: Any, **more: Any) -> Flow:
        placed = Flow(answer, **more)
        monkeypatch.setattr(flows, name, placed)
        return placed

    return place


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """An alignment that diverges, in its run folder."""
    path = tmp_path / "run" / "alignment.json"
    path.parent.mkdir()
    samples.diverging().save(path)
    return path
