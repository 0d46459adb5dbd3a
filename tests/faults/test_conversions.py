"""Conversions that end early: on a full disk, by a signal. Nothing half is left, and nothing is replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests import ROOT
from weight_convert import State, read_state, write_state

pytestmark = pytest.mark.fault

SUFFIXES = ("pt", "pkl", "npz", "safetensors", "h5")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
BEGUN = ".align-*.partial/*"


def conversion(*arguments: str | Path, cwd: Path) -> subprocess.Popen[str]:
    """A conversion that has just been started."""
    return subprocess.Popen(
        [sys.executable, "-m", "weight_convert", *map(str, arguments)],
        cwd=cwd, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def converted(*arguments: str | Path, cwd: Path) -> int:
    """The exit code of a whole conversion."""
    running = conversion(*arguments, cwd=cwd)
    running.communicate(timeout=120)
    return running.returncode


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of many small tensors."""
    path = tmp_path_factory.mktemp("many") / "many.pt"
    write_state(
        State.of({f"layer{n}.weight": np.full((n % 7 + 1, 50), n, np.float32) for n in range(600)}), path
    )
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that takes a moment to write."""
    path = tmp_path_factory.mktemp("large") / "large.pt"
    write_state(State.of({f"layer{n}.weight": np.full((1 << 20,), n, np.float32) for n in range(24)}), path)
    return path


@pytest.fixture
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A disk of so many kibibytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={request.param}k", "tmpfs", str(place)]
    if os.getuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small tmpfs")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("small_disk", [4, 256, 480], indirect=True)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_is_reported_in_one_line_and_nothing_is_left(
    suffix: str, small_disk: Path, many: Path
) -> None:
    running = conversion(many, small_disk / f"a.{suffix}", cwd=small_disk.parent)
    out, err = running.communicate(timeout=120)
    assert (running.returncode, out) == (2, "")
    assert err == (
        f"convert-weights: {small_disk / f'a.{suffix}'} cannot be written: No space left on device\n"
    )
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("small_disk", [480], indirect=True)
def test_what_a_full_disk_held_before_is_there_still(small_disk: Path, many: Path) -> None:
    (small_disk / "a.pt").write_text("precious")
    running = conversion(many, small_disk / "a.pt", "--force", cwd=small_disk.parent)
    assert "No space left" in running.communicate(timeout=120)[1]
    assert [path.name for path in small_disk.iterdir()] == ["a.pt"]
    assert (small_disk / "a.pt").read_text() == "precious"


def wait_until_begun(running: subprocess.Popen[str], folder: Path, written: float = 0) -> None:
    """Wait until a conversion writes, and so many bytes are there."""
    end = time.monotonic() + 60
    while not (drafts := list(folder.glob(BEGUN))) or sum(map(_size, drafts)) < written:
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < end
        time.sleep(0.002)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


ENDINGS = {
    signal.SIGINT: (130, "convert-weights: interrupted\n"),
    signal.SIGTERM: (143, "convert-weights: terminated\n"),
}


@pytest.mark.parametrize(("number", "share"), [(signal.SIGINT, 0.0), (signal.SIGTERM, 0.3)])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_signal_in_the_middle_leaves_nothing(
    suffix: str, number: signal.Signals, share: float, large: Path, tmp_path: Path
) -> None:
    running = conversion(large, f"a.{suffix}", cwd=tmp_path)
    wait_until_begun(running, tmp_path, share * large.stat().st_size)
    for one in (signal.SIGSTOP, number, signal.SIGCONT):  # it must not end before the signal comes
        running.send_signal(one)
    _, err = running.communicate(timeout=60)
    assert (running.returncode, err) == ENDINGS[number]
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_conversion_left_is_gone_after_the_next_one(
    large: Path, many: Path, tmp_path: Path
) -> None:
    running = conversion(large, "a.npz", cwd=tmp_path)
    wait_until_begun(running, tmp_path)
    running.kill()
    running.communicate(timeout=60)
    assert converted(many, "b.pt", cwd=tmp_path) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["b.pt"]


def test_of_conversions_to_one_name_at_once_one_gets_it(many: Path, tmp_path: Path) -> None:
    running = [conversion(many, "a.npz", cwd=tmp_path) for _ in range(4)]
    expected = [conversion.communicate(timeout=120)[1] for conversion in running]
    assert sorted(conversion.returncode for conversion in running) == [0, 2, 2, 2]
    assert all("exists; use --force or name another" in text for text in expected if text)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "a.npz.manifest.json"]
    assert len(read_state(tmp_path / "a.npz")) == 600


PRECIOUS = "precious"


@pytest.mark.parametrize(
    ("there", "arguments", "word"),
    [
        ("a.pt", ["a.pt"], "a.pt exists; use --force or name another"),
        ("a.npz.manifest.json", ["a.npz"], "a.npz.manifest.json exists; use --force or name another"),
        ("a.pt", ["a.pt", "--dry-run"], "a.pt exists; use --force or name another"),
        ("map.toml", ["map.toml", "--draft-map"], "map.toml exists; use --force or name another"),
    ],
)
def test_a_file_that_exists_is_kept_unless_forced(
    there: str, arguments: list[str], word: str, many: Path, tmp_path: Path
) -> None:
    (tmp_path / there).write_text(PRECIOUS)
    arguments = [*arguments, "--like", str(many)]
    refused = conversion(many, *arguments, cwd=tmp_path)
    out, err = refused.communicate(timeout=60)
    assert (refused.returncode, out, err) == (2, "", f"convert-weights: {word}\n")
    assert (tmp_path / there).read_text() == PRECIOUS
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert converted(many, *arguments, "--force", cwd=tmp_path) == 0
    assert ((tmp_path / there).read_text(errors="replace") == PRECIOUS) == ("--dry-run" in arguments)


@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.parametrize("what", ["itself", "hard link", "link", "dangling", "folder", "pipe"])
def test_a_destination_that_is_no_place_for_a_file_is_refused(
    what: str, force: list[str], many: Path, tmp_path: Path
) -> None:
    source, place = tmp_path / "source.pt", tmp_path / "a.pt"
    source.write_bytes(many.read_bytes())
    match what:
        case "itself":
            place = source
        case "hard link":
            place.hardlink_to(source)
        case "link":
            place.symlink_to(source)
        case "dangling":
            place.symlink_to("nowhere")
        case "folder":
            place.mkdir()
        case "pipe":
            os.mkfifo(place)
    before = sorted(
        (path.name, path.lstat().st_mode, path.lstat().st_mtime_ns) for path in tmp_path.iterdir()
    )
    running = conversion(source, place, *force, cwd=tmp_path)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err.count("\n")) == (2, "", 1)
    after = sorted((path.name, path.lstat().st_mode, path.lstat().st_mtime_ns) for path in tmp_path.iterdir())
    assert after == before
    assert source.read_bytes() == many.read_bytes()
