"""How an evaluation ends that is not let end by itself: interrupted, without a worker, samples broken."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import BAD_INPUT, INTERRUPTED, WORKER_LOST
from harness.evaluating.result import NAME, Evaluation
from harness.evaluating.unfinished import Unfinished
from tests import ROOT
from tests.unit.cli.test_training_ends import worker_of

PAIR = "tests.unit.evaluating.judged_pair:"
PATIENCE = 120.0
LATER = re.compile(r"sample ([2-9]|\d\d+) of")  # the first one has been seen

pytestmark = [pytest.mark.torch, pytest.mark.jittor, pytest.mark.fault]


def started(folder: Path, pair: str, *more: str) -> subprocess.Popen[str]:
    """An evaluation as users start it."""
    command = [sys.executable, "-m", "harness.cli", "evaluate", "-m", PAIR + pair, "-o", str(folder), *more]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT)


def broken_off(folder: Path, end: Callable[[subprocess.Popen[str]], None]) -> tuple[int, str]:
    """An evaluation without an end, which is ended once it has seen a sample; its code and what it said."""
    with started(folder, "ENDLESS") as process:
        limit, said = time.monotonic() + PATIENCE, ""
        assert process.stderr is not None
        while not LATER.search(said) and process.poll() is None and time.monotonic() < limit:
            said += process.stderr.readline()
        end(process)
        _, rest = process.communicate(timeout=PATIENCE)
    return process.returncode, said + rest


def test_an_interrupted_evaluation_keeps_what_it_has_seen(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    code, said = broken_off(folder, lambda process: process.send_signal(signal.SIGINT))
    assert code == INTERRUPTED, said
    assert f"evaluate --resume {folder}" in said
    found = Unfinished.load(folder)
    assert found.next == len(found.rows) > 0


@pytest.mark.slow
def test_a_lost_worker_ends_the_evaluation_and_nothing_seen_until_then_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "run"

    def kill_the_port(process: subprocess.Popen[str]) -> None:
        os.kill(worker_of(process.pid, "jittor"), signal.SIGKILL)

    code, said = broken_off(folder, kill_the_port)
    assert code == WORKER_LOST, said
    assert "SIGKILL" in said
    assert Unfinished.load(folder).next > 0
    assert not (folder / NAME).exists()


@pytest.mark.slow
def test_broken_samples_are_named_at_the_end_and_are_an_error_unless_skipped(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "broken").write_text("7")
    for more, wanted in (([], BAD_INPUT), (["--skip-broken"], 0)):
        folder = tmp_path / f"run{len(more)}"
        with started(folder, "SOUND", "--data", str(tmp_path / "data"), *more) as process:
            _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == wanted, said
        assert ("1 of 12 samples cannot be read: 7: picture 7 is broken" in said) is (wanted == BAD_INPUT)
        assert len(Evaluation.load(folder).samples) == 11
