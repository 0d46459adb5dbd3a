"""A worker that answers with nonsense is stopped and reported, in bounded memory; no thread is lost."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harness.errors import WorkerLost
from harness.requests import Load
from harness.session import Worker
from harness.worker_answers import MOST_BYTES
from tests import ROOT
from tests.faults import fake_worker

pytestmark = [pytest.mark.fault, pytest.mark.torch]  # a fake takes the place of torch's worker alone


def interpreter(folder: Path, manner: str) -> Path:
    """An interpreter that starts a fake in a worker's place, and else is the running one."""
    script = folder / "python"
    fake = f'exec "{sys.executable}" "{fake_worker.__file__}" "{manner}"'
    script.write_text(f'#!/bin/sh\n[ "$1" = -c ] && {fake}\nexec "{sys.executable}" "$@"\n')
    script.chmod(0o755)
    return script


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Worker:
    """A worker whose process is a fake of the manner that the test names."""
    monkeypatch.setenv("ALIGN_TORCH_PYTHON", str(interpreter(tmp_path, request.param)))
    return Worker("torch", "cpu", tmp_path, tmp_path / "torch.log", timeout=60.0)


def message_of_loss(worker: Worker) -> str:
    """What is said of the worker's answer to a request."""
    with worker:
        worker.ready()
        with pytest.raises(WorkerLost) as lost:
            worker.call(Load("nowhere"))
        assert lost.value.exit_code == 4
        assert worker.loss(lost.value).signal == "", "it did not end by itself"
    assert [thread.name for thread in threading.enumerate() if "_listen" in thread.name] == []
    with pytest.raises(ProcessLookupError):
        os.kill(worker.pid, 0)
    return str(lost.value)


@pytest.mark.parametrize("fake", fake_worker.ANSWERS, indirect=True)
def test_nonsense_is_reported_and_ends_the_worker(fake: Worker) -> None:
    said = message_of_loss(fake)
    assert "the torch worker wrote " in said
    assert "instead of an answer to `load` and was stopped" in said
    assert said.isprintable()


@pytest.mark.parametrize("fake", ["closes its pipe"], indirect=True)
def test_a_worker_that_closes_its_pipe_is_stopped(fake: Worker) -> None:
    assert "it closed its pipe for answers and was stopped" in message_of_loss(fake)


@pytest.mark.parametrize("fake", ["endless line", "endless answers"], indirect=True)
def test_endless_output_takes_no_memory(fake: Worker) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said = message_of_loss(fake)
    assert "a line of more than 8 MiB" in said or "an answer to request 7" in said
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * 1024 < 16 * MOST_BYTES


@pytest.mark.parametrize("fake", ["deaf"], indirect=True)
def test_a_request_that_nobody_reads_is_given_up_in_time(fake: Worker) -> None:
    with fake:
        fake.ready()
        fake.timeout = 1.0
        with pytest.raises(WorkerLost, match=r"no answer to `load` within 1 s"):
            fake.call(Load("x" * (1 << 22)))  # more than a pipe holds


def test_the_command_line_tells_nonsense_in_one_line(tmp_path: Path) -> None:
    command = ["record", "--side", "torch", "--model", "l2sknet", "-o", str(tmp_path / "trace.h5")]
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", *command],
        env={**os.environ, "ALIGN_TORCH_PYTHON": str(interpreter(tmp_path, "deep"))},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 4, done.stderr
    assert "instead of an answer to `build`" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
