from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from harness.cli import live
from harness.cli.live import LiveProgress, PlainProgress, listening
from harness.progress import Progress, Silent


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_listeners_are_progresses() -> None:
    for listener in (Silent(), LiveProgress(), PlainProgress(io.StringIO())):
        assert isinstance(listener, Progress)
    assert Silent().event("torch", "layer", path="a", done=1) is None


def test_plain_lines_tell_every_change_of_state_once() -> None:
    stream = io.StringIO()
    listener = PlainProgress(stream, pause=1000)
    for _ in range(3):
        listener.event("torch", "state", text="starting")
    listener.event("jittor", "state", text="building")
    for done in range(500):
        listener.event("torch", "layer", path=f"stage.{done}", done=done + 1)
    listener.event("jittor", "compiled", operators=12)
    listener.event("torch", "done")
    listener.event("jittor", "failed", text="it crashed")
    lines = stream.getvalue().splitlines()
    assert [line.split(" s  ")[1] for line in lines] == [
        "starting",
        "building",
        "done (500 layers)",
        "it crashed (12 operators compiled)",
    ]
    assert [line.split()[0] for line in lines] == ["torch", "jittor", "torch", "jittor"]


def test_a_new_state_counts_its_layers_anew() -> None:
    listener = LiveProgress()
    listener.event("torch", "layer", path="a", done=9)
    listener.event("torch", "compiled", operators=4)
    listener.event("torch", "done")
    listener.event("torch", "state", text="float64 run")
    state = listener.sides["torch"]
    assert (state.counts(), state.last, state.ended) == ("4 operators compiled", "", None)


def test_plain_lines_tell_counts_after_a_pause() -> None:
    stream = io.StringIO()
    listener = PlainProgress(stream, pause=0)
    listener.event("jittor", "state", text="warming up")
    listener.event("jittor", "compiled", operators=3)
    assert stream.getvalue().splitlines()[-1].endswith("warming up (3 operators compiled)")


def test_a_stream_that_is_gone_does_not_end_the_run() -> None:
    stream = io.StringIO()
    stream.close()
    PlainProgress(stream).event("torch", "state", text="starting")


@pytest.mark.parametrize("width", [80, 100])
def test_the_live_table_shows_both_sides_at_once(width: int) -> None:
    listener = LiveProgress()
    listener.event("torch", "state", text="recording")
    listener.event("torch", "layer", path="backbone." + "block." * 30 + "conv", done=41)
    listener.event("jittor", "state", text="warming up \x1b[31m")
    listener.event("jittor", "compiled", operators=7)
    console = Console(file=io.StringIO(), width=width)
    console.print(listener)
    _, torch, jittor = console.file.getvalue().splitlines()
    assert torch.startswith("torch")
    assert "recording" in torch
    assert "41 layers" in torch
    assert "…" in torch
    assert "7 operators compiled" in jittor
    assert "\x1b" not in jittor
    assert max(len(torch), len(jittor)) <= width


def test_the_folder_of_the_run_is_remembered() -> None:
    for listener in (LiveProgress(), PlainProgress(io.StringIO())):
        listener.event("run", "folder", path="runs/1")
        assert listener.folder == "runs/1"
        assert listener.sides == {}


def test_a_terminal_gets_the_live_table_and_anything_else_plain_lines() -> None:
    stream = Terminal()
    with listening(stream) as listener:
        assert isinstance(listener, LiveProgress)
        listener.event("torch", "state", text="recording")
    assert "recording" in stream.getvalue()
    with listening(io.StringIO()) as listener:
        assert isinstance(listener, PlainProgress)


def test_standard_error_is_where_progress_goes(capsys: pytest.CaptureFixture[str]) -> None:
    with listening() as listener:
        listener.event("torch", "state", text="starting")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "starting" in captured.err


def test_a_side_that_is_long_at_it_says_so_again() -> None:
    stream = io.StringIO()
    progress = PlainProgress(stream, pause=0.05)
    progress.event("jittor", "state", text="starting")
    progress.event("torch", "state", text="starting")
    progress.event("torch", "done")
    progress.beat()
    assert len(stream.getvalue().splitlines()) == 3
    time.sleep(0.06)
    progress.event("jittor", "core", files=23)
    time.sleep(0.06)
    progress.beat()
    lines = stream.getvalue().splitlines()[3:]
    assert [line.partition(" s  ")[2] for line in lines] == [
        "starting (23 files of Jittor's core compiled, the first time only)"
    ] * 2
    assert all(line.startswith("jittor") for line in lines)


def test_listening_in_a_pipe_beats_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_PAUSE", 0.05)
    stream = io.StringIO()
    with listening(stream) as listener:
        listener.event("jittor", "state", text="starting")
        deadline = time.monotonic() + 10
        while stream.getvalue().count("starting") < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert stream.getvalue().count("starting") >= 2
