"""A source that changes while it is converted, and conversions that are killed: one line, nothing left."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests import ROOT
from weight_convert import State, write_state

PAGE = 4096

# Runs the command; what the second argument says is done once the source is open and nothing is written yet.
PROGRAM = """
import os, sys, time
from pathlib import Path
from weight_convert import converting
from weight_convert.command import command

what, source = sys.argv.pop(1), Path(sys.argv[1])
write_state = converting.write_state

def changed(*arguments, **options):
    exec(what)
    return write_state(*arguments, **options)

converting.write_state = changed
command()
"""
WAIT = "print(os.getpid(), flush=True); time.sleep(300)"


def command(what: str, *arguments: str | Path) -> list[str]:
    """The program that converts, and does something on the way."""
    return [sys.executable, "-c", PROGRAM, what, *map(str, arguments)]


def run(what: str, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command(what, *arguments), capture_output=True, text=True, cwd=cwd, env=environment, check=False
    )


@pytest.fixture(params=["pt", "pkl", "safetensors", "npz", "h5"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A checkpoint of many pages."""
    path = tmp_path / f"a.{request.param}"
    write_state(State.of({"a": np.ones((500, 500), np.float32), "b": np.ones(3)}), path)
    return path


CHANGES = {
    "cut short": (f"os.truncate(source, {PAGE})", "was cut short, or its disk failed, while it was read"),
    "grown": ("os.truncate(source, source.stat().st_size + 1)", "was changed while it was read"),
    "written over": ("os.utime(source, ns=(0, 0))", "was changed while it was read"),
    "replaced": (
        "new = source.with_suffix('.new'); new.write_bytes(source.read_bytes()); new.replace(source)",
        "was replaced while it was read",
    ),
}


@pytest.mark.parametrize("how", list(CHANGES))
def test_a_source_that_changes_is_reported_in_one_line_and_nothing_is_left(how: str, source: Path) -> None:
    what, saying = CHANGES[how]
    before = sorted(source.parent.iterdir())
    done = run(what, source.name, "b.npz", "--json", cwd=source.parent)
    assert done.returncode == 2
    assert done.stderr.startswith(f"convert-weights: {source.name} {saying}")
    assert done.stderr.count("\n") == 1
    assert json.loads(done.stdout) == {
        "error": done.stderr.strip().removeprefix("convert-weights: "), "exit_code": 2,
    }  # fmt: skip
    assert sorted(source.parent.iterdir()) == before


def test_a_conversion_that_is_killed_says_so(tmp_path: Path) -> None:
    write_state(State.of({"a": np.ones(3)}), tmp_path / "a.pt")
    done = run("os.kill(os.getpid(), 9)", "a.pt", "b.npz", cwd=tmp_path)
    assert done.returncode == 4
    assert done.stderr.startswith("convert-weights: the conversion was killed by signal 9 (SIGKILL)")
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A conversion in the middle of its work, and the process that does it."""
    write_state(State.of({"a": np.ones(3)}), tmp_path / "a.pt")
    with subprocess.Popen(
        command(WAIT, "a.pt", "b.npz"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout is not None
        worker = os.pidfd_open(int(process.stdout.readline()))
        yield process, worker
        process.kill()
    os.close(worker)


def has_ended(worker: int) -> bool:
    """Whether a process ends soon."""
    return select.select([worker], [], [], 60)[0] == [worker]


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_what_is_sent_to_the_command_reaches_its_work(
    number: signal.Signals, code: int, word: str, waiting: tuple[subprocess.Popen[str], int], tmp_path: Path
) -> None:
    process, worker = waiting
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (code, f"convert-weights: {word}\n")
    assert has_ended(worker)
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


def test_the_work_ends_with_a_command_that_is_killed(waiting: tuple[subprocess.Popen[str], int]) -> None:
    process, worker = waiting
    process.kill()
    assert has_ended(worker)
