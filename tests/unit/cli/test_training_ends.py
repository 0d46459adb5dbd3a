"""How a training ends that is not let end by itself: interrupted, or without one of its workers."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import ALIGNED, INCONCLUSIVE, INTERRUPTED, WORKER_LOST
from harness.flows import checkpoints
from harness.training.log import NAME, Training
from tests import ROOT
from weight_convert import read_state

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


KILLS: list[tuple[int, int, Callable[[subprocess.Popen[str]], None]]] = [
    (5, -signal.SIGKILL, lambda process: process.send_signal(signal.SIGKILL)),
    (11, WORKER_LOST, lambda process: os.kill(worker_of(process.pid, "torch"), signal.SIGKILL)),
    (17, INTERRUPTED, lambda process: process.send_signal(signal.SIGINT)),
]


@pytest.mark.slow
def test_a_training_that_is_killed_again_and_again_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    pair = "tests.unit.training.trainee:SGD"  # averages, and gradients that come together over two passes
    words = ["-m", pair, "--twins", "2", "--epochs", "10", "--steps", "60", "--every", "4", "--batch", "16"]
    begin, whole, broken = [*COMMAND, *words], tmp_path / "whole", tmp_path / "broken"
    going_on = [*COMMAND, "--resume", str(broken), "--model", pair]
    undisturbed = finished([*begin, "-o", str(whole)])
    command = [*begin, "-o", str(broken)]
    for steps, expected, kill in KILLS:
        code, said = killed(command, broken, steps + random.Random(steps).randrange(9), kill)
        assert code == expected, said
        command = going_on
    assert finished(command) == undisturbed == ALIGNED
    one, other = (Training.load(folder) for folder in (whole, broken))
    assert len(other.resumed) == len(KILLS)
    assert [step.sides["jittor"].losses for step in other.steps] == [
        step.sides["jittor"].losses for step in one.steps
    ]
    assert one.end is not None
    assert other.end is not None
    assert one.end.sentence == other.end.sentence
    kept = [checkpoints.found(folder)[-1] for folder in (whole, broken)]
    for side in ("torch", "jittor"):
        same = [read_state(place / f"{side}.safetensors").arrays for place in kept]
        assert {name: array.tobytes() for name, array in same[0].items()} == {
            name: array.tobytes() for name, array in same[1].items()
        }


def killed(
    command: list[str], folder: Path, steps: int, kill: Callable[[subprocess.Popen[str]], None]
) -> tuple[int, str]:
    """Run a command, and kill something of it once the log tells of so many steps since it began."""
    before = count_of_steps(folder)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        limit = time.monotonic() + PATIENCE
        while count_of_steps(folder) < before + steps and process.poll() is None:
            assert time.monotonic() < limit
            time.sleep(0.01)
        kill(process)
        _, said = process.communicate(timeout=PATIENCE)
    return process.returncode, said


def count_of_steps(folder: Path) -> int:
    """How many steps the log tells of, those told twice counted twice."""
    return (folder / NAME).read_bytes().count(b'"kind": "step"') if (folder / NAME).exists() else 0


def finished(command: list[str]) -> int:
    """Let a command come to its end; its exit code."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=5 * PATIENCE, check=False)
    return done.returncode


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
