"""The programs and files of a process end with it, whichever process is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.random_kills import MARK, processes_of
from harness.guard import Kept
from tests import ROOT

pytestmark = pytest.mark.fault

FAMILY = "setsid sleep 600 & (setsid sleep 600 &) ; sleep 600 & "  # in other sessions, and orphaned there


def until(found: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until something is so."""
    limit = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < limit, "it took too long"
        time.sleep(0.05)


@pytest.fixture
def mark(monkeypatch: pytest.MonkeyPatch) -> str:
    """Marks every process that this test starts, by its environment."""
    value = uuid.uuid4().hex
    monkeypatch.setenv(MARK, value)
    return value


def shell(text: str) -> Kept:
    """A shell kept by this process, its output piped."""
    return Kept(["/bin/sh", "-c", text], os.environ, stdout=subprocess.PIPE)


def close(kept: Kept) -> None:
    kept.end()
    assert kept.process.stdout is not None
    kept.process.stdout.close()


def sleepers(mark: str) -> int:
    return sum(command.startswith("sleep") for command in processes_of(mark).values())


def test_a_program_that_ends_takes_along_whom_it_started(mark: str) -> None:
    kept = shell(FAMILY + "exit 7")
    assert kept.process.stdout is not None
    assert kept.process.stdout.read() == b"", "nobody holds its pipe any more"
    assert kept.process.wait(30) == 7
    assert processes_of(mark) == {}
    close(kept)


def test_ending_a_program_ends_whom_it_started(mark: str) -> None:
    kept = shell(FAMILY + "wait")
    until(lambda: sleepers(mark) == 3)
    close(kept)
    assert kept.process.returncode == -signal.SIGKILL
    assert processes_of(mark) == {}


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGRTMIN + 3])
def test_a_keeper_ends_like_its_program(number: int, mark: str) -> None:
    kept = shell(f"kill -{int(number)} $$")
    assert kept.process.wait(30) == -number
    close(kept)


def test_a_program_ends_with_its_keeper(mark: str) -> None:
    kept = shell("sleep 600 & wait")
    until(lambda: sleepers(mark) == 1)
    kept.process.kill()
    until(lambda: kept.pid not in processes_of(mark))
    close(kept)
    until(lambda: processes_of(mark) == {})


def test_what_cannot_be_run_is_an_error_of_the_system(tmp_path: Path, mark: str) -> None:
    (tmp_path / "plain").write_text("no program")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Kept([str(tmp_path / "nowhere")], os.environ)
    with pytest.raises(PermissionError, match="plain"):
        Kept([str(tmp_path / "plain")], os.environ)
    until(lambda: processes_of(mark) == {})


PARENT = """
import os, signal, sys, time
from pathlib import Path
from harness.guard import Kept, spare, sweep
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup has the tests ignore it, and all that they start
place = Path(sys.argv[1])
for name in ("folder", "file", "spared", "link"):
    sweep(place / name)
spare(place / "spared")
(place / "folder").mkdir()
(place / "folder" / "trace").write_text("much")
(place / "file").write_text("much")
(place / "spared").write_text("mine")
(place / "link").symlink_to(place / "precious")
kept = Kept(["/bin/sh", "-c", sys.argv[2]], os.environ)
print("ready", flush=True)
time.sleep(600)
"""


def parent(place: Path, text: str) -> subprocess.Popen[str]:
    """A process that makes files and starts programs."""
    (place / "precious").mkdir()
    (place / "precious" / "file").write_text("mine")
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(place), text], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_nothing_outlives_a_killed_process(number: signal.Signals, tmp_path: Path, mark: str) -> None:
    with parent(tmp_path, FAMILY + "wait") as process:
        until(lambda: sleepers(mark) == 3)
        process.send_signal(number)
    until(lambda: processes_of(mark) == {})
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    assert left == {"spared", "link", "precious", "precious/file"}, (
        "a link is none of ours, nor where it leads"
    )


def test_a_killed_sweeper_is_replaced(tmp_path: Path, mark: str) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from harness import guard\n"
        "from harness.guard import _sweeping\n"
        "first, second = (Path(name) for name in sys.argv[1:])\n"
        "guard.sweep(first); first.mkdir()\n"
        "_sweeping._sweeper._process.kill(); _sweeping._sweeper._process.wait()\n"
        "guard.sweep(second); second.mkdir()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    places = [str(tmp_path / name) for name in ("first", "second")]
    done = subprocess.run([sys.executable, "-c", code, *places], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    until(lambda: processes_of(mark) == {})
    assert list(tmp_path.iterdir()) == []


def test_a_copy_of_a_process_leaves_its_files_alone(tmp_path: Path, mark: str) -> None:
    code = (
        "import os, sys; from pathlib import Path; from harness import guard\n"
        "place = Path(sys.argv[1]); guard.sweep(place); place.mkdir()\n"
        "if os.fork() == 0: sys.exit()\n"
        "os.wait(); print(place.is_dir())\n"
    )
    command = [sys.executable, "-X", "dev", "-c", code, str(tmp_path / "folder")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("True\n", "")
    until(lambda: processes_of(mark) == {})
    assert list(tmp_path.iterdir()) == []
