"""The process that reads strangers' files: it may crash, hang, stop and take too much, and we go on."""

from __future__ import annotations

import gzip
import os
import select
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Timer

import h5py
import numpy as np
import pytest

from harness.errors import NoEnvironment
from harness.hdf5 import asking
from harness.hdf5.asking import Unreadable, ask, list_here
from tests import ROOT

HOSTILE = ROOT / "tests" / "unit" / "trace" / "hostile"
OLD_LIMIT = 8.0  # seconds by the clock, after which healthy files were once called damaged


@pytest.fixture
def healthy(tmp_path: Path) -> Path:
    """A file in which nothing is wrong."""
    with h5py.File(tmp_path / "healthy.h5", "w") as file:
        file["x"] = np.arange(5.0)
        file.create_dataset("y", data=np.arange(1000), compression="gzip")
    return tmp_path / "healthy.h5"


def asked(path: Path) -> list[str]:
    """The datasets of a file."""
    return list(ask(path, path.stat().st_size)[0].datasets)


def reader() -> subprocess.Popen[bytes]:
    """The reader's process."""
    process = asking._READER._process
    assert process is not None
    return process


def test_it_tells_what_is_reported_here(healthy: Path) -> None:
    size = healthy.stat().st_size
    asked_for, spilled = ask(healthy, size)
    here, spilled_here = list_here(healthy, size)
    assert asked_for == here
    assert bytes(spilled) == bytes(spilled_here) == np.arange(1000).tobytes()


@pytest.mark.parametrize("name", ["segfault", "gigabytes"])
def test_what_crashes_the_library_or_fills_the_memory_is_refused(
    name: str, healthy: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.h5"
    bad.write_bytes(gzip.decompress((HOSTILE / f"{name}.h5.gz").read_bytes()))
    with pytest.raises(Unreadable, match=r"was killed by signal 11|not readable as HDF5|unpacks to"):
        ask(bad, bad.stat().st_size)
    assert asked(healthy) == ["x", "y"]


def test_a_reader_that_is_stopped_is_waited_for(healthy: Path) -> None:
    asked(healthy)
    process = reader()
    process.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    timer = Timer(OLD_LIMIT + 0.5, process.send_signal, [signal.SIGCONT])
    timer.start()
    try:
        assert asked(healthy) == ["x", "y"]
        assert time.monotonic() - started > OLD_LIMIT
    finally:
        timer.join()


def test_a_reader_that_stays_stopped_is_not_the_files_fault(
    healthy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(healthy)
    process = reader()
    process.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(asking, "_PATIENCE", 0.5)
    with pytest.raises(NoEnvironment, match="it is stopped, or the disk hangs"):
        ask(healthy, healthy.stat().st_size)
    assert process.returncode == -signal.SIGKILL
    monkeypatch.undo()
    assert asked(healthy) == ["x", "y"]


def test_a_reader_that_was_killed_is_started_anew(healthy: Path) -> None:
    asked(healthy)
    process = reader()
    process.kill()
    process.wait()
    assert asked(healthy) == ["x", "y"]
    assert reader().pid != process.pid


def test_threads_take_turns(healthy: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(asked, [healthy] * 12)) == [["x", "y"]] * 12


def test_nothing_is_left_in_the_temporary_folder(
    healthy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(asking.tempfile, "tempdir", str(place))
    asked(healthy)
    with pytest.raises(Unreadable):
        ask(Path(__file__), 100)
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_the_reader_ends_with_the_process_that_asked(ending: signal.Signals, healthy: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from harness.hdf5 import asking\n"
        "asking.ask(Path(sys.argv[1]), 100); print(asking._READER._process.pid, flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program, healthy]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        left = os.pidfd_open(int(process.stdout.readline()))
        process.send_signal(ending)
    assert select.select([left], [], [], 30)[0] == [left]
    os.close(left)
