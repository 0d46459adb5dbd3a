"""Where the disk or the shared memory is full, a run is refused with the reason and what to do about it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import flows
from harness.errors import HarnessError, NoEnvironment
from harness.flows.train import train
from harness.flows.train_request import TrainRequest
from harness.progress import Silent
from harness.training.log import NAME, Training, TrainingLog
from harness.training.records import End
from tests import ROOT
from tests.faults.test_workers import MODEL, own_scratch, request
from tests.unit.training import samples

TRAINEE = "tests.unit.training.trainee:ADAM"

pytestmark = [pytest.mark.fault, pytest.mark.torch]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB, mounted for the test."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small file system needs root")
    yield place
    subprocess.run(["umount", "-l", place], check=False)


def test_full_disk_is_reported_and_leaves_no_half_file(small_disk: Path) -> None:
    path = small_disk / "trace.h5"
    with pytest.raises(HarnessError, match="No space left on device") as full:
        flows.record(request("sound", input_size=(512, 512), keep="whole"), "torch", path, Silent())
    assert str(path) in str(full.value)
    assert not path.exists()


def test_full_scratch_disk_is_reported(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_scratch(small_disk, monkeypatch)
    with pytest.raises(NoEnvironment, match=r"No space left on device.*Free some space.*TMPDIR") as full:
        flows.record(request("sound", input_size=(512, 512)), "torch", tmp_path / "trace.h5", Silent())
    assert full.value.exit_code == 3
    assert not (tmp_path / "trace.h5").exists()
    assert list(small_disk.iterdir()) == []


FULL = """
mount -t tmpfs -o size=64k tmpfs /dev/shm || exit 99
dd if=/dev/zero of=/dev/shm/fill bs=4k 2>/dev/null
exec "$@"
"""


def with_full_shared_memory(*words: str) -> subprocess.CompletedProcess[str]:
    """Run `align` where /dev/shm is full, for this process alone."""
    command = ["unshare", "--mount", "sh", "-c", FULL, "sh", sys.executable, "-m", "harness.cli", *words]
    environment = {name: value for name, value in os.environ.items() if name != "TMPDIR"}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
    except FileNotFoundError:
        pytest.skip("there is no unshare")
    if done.returncode == 99 or done.stderr.startswith("unshare:"):
        pytest.skip("mounting a small file system needs root")
    return done


def test_traces_go_to_the_disk_where_shared_memory_is_full(tmp_path: Path) -> None:
    path = tmp_path / "trace.h5"
    words = ("--model", MODEL, "--variant", "sound", "-o", str(path))
    done = with_full_shared_memory("record", "--side", "torch", *words)
    assert done.returncode == 0, done.stderr
    assert path.is_file()


@pytest.mark.jittor
def test_full_shared_memory_that_keeps_jittor_from_starting_is_reported(tmp_path: Path) -> None:
    words = ("--model", MODEL, "--variant", "sound", "-o", str(tmp_path / "run"))
    done = with_full_shared_memory("compare", *words)
    assert done.returncode == 3, done.stderr
    assert "/dev/shm is full: free some space there" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.jittor
def test_a_training_whose_checkpoints_have_no_room_is_refused_before_it_begins(small_disk: Path) -> None:
    (small_disk / "fill").write_bytes(bytes(1 << 19))
    asked = TrainRequest(TRAINEE, steps=3, loaders=0, forced=False, output=small_disk / "run", device="cpu")
    with pytest.raises(NoEnvironment, match=r"free, and its checkpoints take about .* MB. Free some"):
        train(asked, Silent())
    assert not (small_disk / "run" / NAME).exists()


def fill(log: TrainingLog) -> None:
    """Write steps until it fails."""
    log.write(samples.start())
    for number in range(100_000):
        log.write(samples.step(number))


def test_a_log_that_the_disk_has_no_room_for_keeps_whole_lines(small_disk: Path) -> None:
    path, other = small_disk / NAME, small_disk / "other"
    other.write_bytes(bytes(1 << 16))
    with TrainingLog(path) as log:
        with pytest.raises(NoEnvironment, match=r"No space left on device. Free some space and go on with"):
            fill(log)
        whole = Training.load(path)
        assert path.read_bytes().endswith(b"\n")
        other.unlink()
        log.write(End(len(whole.steps), "failed", "failed", "the disk is full"))
    found = Training.load(path)
    assert found.end is not None
    assert len(found.steps) == len(whole.steps) > 100
