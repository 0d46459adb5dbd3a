from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import host_memory, scratch
from harness.scratch import Scratch, scratch_folder

MIB = 1 << 20


def test_a_folder_is_gone_after_the_run(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as folder:
        (folder / "trace.h5").write_bytes(b"much")
        assert folder.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def killed_run(base: Path, *, with_its_sweeper: bool) -> Path:
    """The folder of a process that was killed."""
    code = "import sys; from pathlib import Path; from harness.scratch import scratch_folder\n"
    code += "from harness.guard import _sweeping\n"
    code += "with scratch_folder(Path(sys.argv[1])) as folder:\n"
    code += "    if sys.argv[2:]: _sweeping._sweeper._process.kill()\n"
    code += "    print(folder, flush=True); input()"
    more = ["sweeper too"] if with_its_sweeper else []
    command = [sys.executable, "-c", code, str(base), *more]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        assert left.is_dir()
        process.send_signal(signal.SIGKILL)
    return left


def test_a_killed_run_leaves_nothing(tmp_path: Path) -> None:
    left = killed_run(tmp_path, with_its_sweeper=False)
    limit = time.monotonic() + 30
    while left.exists():
        assert time.monotonic() < limit
        time.sleep(0.05)
    assert list(tmp_path.iterdir()) == []


def make_older(folder: Path) -> None:
    for lock in folder.glob(".*"):
        os.utime(lock, (0, 0))


def test_the_next_run_clears_away_what_a_killed_one_left(tmp_path: Path) -> None:
    left = killed_run(tmp_path, with_its_sweeper=True)
    with scratch_folder(tmp_path):
        assert left.is_dir()  # it could be one that is just being made
    make_older(left)
    with scratch_folder(tmp_path):
        assert not left.exists()


def test_folders_in_use_and_those_of_others_stay(tmp_path: Path) -> None:
    foreign = tmp_path / "align-of-mine"
    foreign.mkdir()
    with scratch_folder(tmp_path) as used:
        make_older(used)
        with scratch_folder(tmp_path):
            assert used.is_dir()
            assert foreign.is_dir()


def test_a_link_in_the_place_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / ".alive").write_text("")
    make_older(precious)
    base = tmp_path / "base"
    base.mkdir()
    (base / "align-x").symlink_to(precious)
    with scratch_folder(base):
        assert precious.is_dir()


@pytest.mark.parametrize(
    ("available", "size", "in_memory"),
    [(8000, 900, True), (8000, 1100, False), (100, 10, True), (0, 1, False)],
)
def test_traces_go_to_memory_while_they_take_at_most_half_of_it(
    available: int, size: int, in_memory: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "available_bytes", lambda: available * MIB)
    monkeypatch.setattr(scratch, "free_bytes", lambda _: 1 << 50)
    room = Scratch(tmp_path / "disk", tmp_path / "memory")
    expected = "memory" if in_memory else "disk"
    assert room.place("torch.h5", size * MIB) == tmp_path / expected / "torch.h5"


def test_a_small_shared_memory_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "free_bytes", lambda _: 64 * MIB)
    room = Scratch(tmp_path / "disk", tmp_path / "memory")
    assert room.place("torch.h5", 17 * MIB).parent.name == "disk"


def test_everything_goes_where_tmpdir_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with scratch.scratch() as room:
        assert room.memory is None
        assert room.place("torch.h5", 1).parent.parent == tmp_path


def test_a_machine_without_shared_memory_uses_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(scratch, "SHARED_MEMORY", tmp_path / "none")
    with scratch.scratch() as room:
        assert room.place("torch.h5", 1).parent == room.folder


def test_memory_left_is_what_the_machine_tells(tmp_path: Path) -> None:
    stated = tmp_path / "meminfo"
    stated.write_text("MemTotal:  99 kB\nMemAvailable:    12 kB\n")
    assert host_memory.available_bytes(stated, tmp_path) == 12 * 1024
    assert host_memory.available_bytes(tmp_path / "none", tmp_path) == 0


def test_memory_left_is_never_more_than_a_containers_limit(tmp_path: Path) -> None:
    stated = tmp_path / "meminfo"
    stated.write_text("MemAvailable:    12 kB\n")
    (tmp_path / "memory.current").write_text("1000\n")
    (tmp_path / "memory.max").write_text("5000\n")
    assert host_memory.available_bytes(stated, tmp_path) == 4000
    (tmp_path / "memory.max").write_text("max\n")
    assert host_memory.available_bytes(stated, tmp_path) == 12 * 1024
