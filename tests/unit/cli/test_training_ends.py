"""How a training ends that is not let end by itself: interrupted, or without one of its workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import INCONCLUSIVE, INTERRUPTED, WORKER_LOST
from harness.flows import checkpoints
from harness.training.log import NAME, Training
from tests import ROOT

COMMAND = [sys.executable, "-m", "harness.cli", "train"]
PAIR = "tests.unit.training.trainee:ADAM"
WORDS = ["-m", PAIR, "--no-forced-steps", "--twins", "0", "--loaders", "0"]
PATIENCE = 120.0

pytestmark = [pytest.mark.torch, pytest.mark.jittor, pytest.mark.fault]


def broken_off(folder: Path, end: Callable[[subprocess.Popen[str]], None]) -> tuple[int, str]:
    """A long training that is ended once it has taken some steps; its exit code and what it said."""
    command = [*COMMAND, *WORDS, "--epochs", "1000", "-o", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT) as process:
        limit = time.monotonic() + PATIENCE
        while not has_steps(folder) and process.poll() is None and time.monotonic() < limit:
            time.sleep(0.05)
        end(process)
        _, said = process.communicate(timeout=PATIENCE)
    return process.returncode, said


def has_steps(folder: Path) -> bool:
    """Whether the log tells of some steps; it can be read while it grows."""
    return (folder / NAME).exists() and (folder / NAME).read_bytes().count(b'"kind": "step"') >= 3


def test_an_interrupted_training_keeps_a_checkpoint_and_can_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    code, said = broken_off(folder, lambda process: process.send_signal(signal.SIGINT))
    assert code == INTERRUPTED, said
    found = Training.load(folder)
    assert found.end is not None
    assert found.end.status == "interrupted"
    (kept,) = checkpoints.found(folder)[-1:]
    assert checkpoints.step_of(kept) == len(found.steps) == found.end.step
    assert f"align train --resume {folder} --model {PAIR}" in said
    more = ["--resume", str(folder), "--model", PAIR, "--steps", str(len(found.steps) + 2)]
    going_on = subprocess.run(
        [*COMMAND, *more], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert going_on.returncode == INCONCLUSIVE, going_on.stderr
    again = Training.load(folder)
    assert [one.step for one in again.steps] == list(range(len(found.steps) + 2))
    assert again.end is not None
    assert again.end.status == "done"


def test_a_lost_worker_ends_the_training_and_the_log_keeps_its_lines(tmp_path: Path) -> None:
    folder = tmp_path / "run"

    def kill_the_port(process: subprocess.Popen[str]) -> None:
        os.kill(worker_of(process.pid, "jittor"), signal.SIGKILL)

    code, said = broken_off(folder, kill_the_port)
    assert code == WORKER_LOST, said
    assert f"What ran until then is kept in {folder}" in said
    found = Training.load(folder)
    assert len(found.steps) >= 3
    assert found.end is not None
    assert found.end.verdict == "failed"
    assert "SIGKILL" in found.end.sentence


def worker_of(parent: int, side: str) -> int:
    """The process id of a side's worker below a process; what the worker itself has forked is younger."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if side.encode() in words and words[1] == b"-c" and below(int(entry.name), parent):
                found.append(int(entry.name))
    return min(found)


def below(number: int, parent: int) -> bool:
    """Whether a process is another one's child, or its child's."""
    while number > 1:
        if number == parent:
            return True
        number = int((Path("/proc") / str(number) / "stat").read_text().rpartition(")")[2].split()[1])
    return False
