"""Files in memory written and read by huge pages: the same bytes, however many of those the system gives."""

from __future__ import annotations

import gc
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from harness import huge_pages
from harness.huge_pages import SHARED_MEMORY, Mapped, Room
from harness.sides.cost import peak_bytes, reset_peak

MIB = 1 << 20


@pytest.fixture
def file() -> Iterator[Path]:
    """An empty file in memory."""
    if not SHARED_MEMORY.is_dir():
        pytest.skip("this system has no /dev/shm")
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY) as folder:
        path = Path(folder) / "file"
        path.touch()
        yield path


def laid_out(path: Path, size: int) -> Room:
    room = Room(path, size)
    if room.size == 0:
        pytest.skip("this system gives no huge pages")
    return room


def mapped_huge(path: Path) -> int:
    """How many bytes of a mapping of the file the kernel maps by huge pages."""
    size = path.stat().st_size
    with path.open("rb") as opened:
        mapped = Mapped(opened.fileno(), size)
    mapped.fetch(0, size)
    expected = Path("/proc/self/smaps").read_text().partition(str(path))[2].splitlines()
    line = next(line for line in expected if line.startswith("ShmemPmdMapped"))
    return int(line.split()[1]) * 1024


def test_a_file_is_laid_out_in_whole_huge_pages_and_mapped_by_them(file: Path) -> None:
    room = laid_out(file, 37 * MIB)
    assert room.size == file.stat().st_size == 36 * MIB
    room.close()
    assert mapped_huge(file) == 36 * MIB


def test_what_is_put_there_is_what_is_read(file: Path) -> None:
    file.write_bytes(b"head")
    room = laid_out(file, 20 * MIB)
    values = np.arange(3 * MIB, dtype=np.float32)
    assert room.put(8192, values)
    assert room.put(8192 + values.nbytes, values[:7])
    assert not room.put(20 * MIB - 4, values)
    room.close()
    assert not room.put(8192, values)
    data = file.read_bytes()
    assert data[:4] == b"head"
    assert data[8192 : 8192 + values.nbytes + 28] == values.tobytes() + values[:7].tobytes()
    assert not any(data[8192 + values.nbytes + 28 :])


@pytest.mark.parametrize("size", [MIB // 8, 2 * MIB])
@pytest.mark.parametrize("step", [1, -1])
def test_few_pages_stay_mapped(file: Path, size: int, step: int) -> None:
    values = np.ones(size, np.float32)
    before = reset_peak()
    room = laid_out(file, 256 * MIB)
    for number in range(256 * MIB // values.nbytes)[::step]:
        assert room.put(number * values.nbytes, values)
    assert peak_bytes() - before < 40 * MIB


@pytest.mark.parametrize("size", [0, 1, 2 * MIB - 1])
def test_small_files_are_not_laid_out(file: Path, size: int) -> None:
    room = Room(file, size)
    assert (room.size, file.stat().st_size) == (0, 0)
    assert not room.put(0, np.ones(1))
    room.close()


def test_a_file_on_a_disk_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    room = Room(path, 64 * MIB)
    assert (room.size, path.stat().st_size) == (0, 0)
    assert not room.put(0, np.ones(1))


def test_a_system_that_refuses_huge_pages(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_bytes(b"head")
    monkeypatch.setattr(huge_pages, "_COLLAPSE", 255)  # no kernel knows that advice
    room = Room(file, 64 * MIB)
    assert room.size == 0
    assert file.read_bytes() == b"head"


def test_a_full_memory_file_system_is_used_as_far_as_it_goes(file: Path) -> None:
    place = file.parent / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small tmpfs")
    try:
        path = place / "file"
        path.touch()
        room = Room(path, 64 * MIB)
        assert room.size == path.stat().st_size <= 40 * MIB
        room.close()
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("size", [1, 4095, 4096, 2 * MIB, 5 * MIB + 17])
@pytest.mark.parametrize("library", [True, False])
def test_a_mapped_file_reads_as_it_is(
    tmp_path: Path, size: int, library: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not library:
        monkeypatch.setattr(huge_pages, "_c_library", lambda: None)
    data = np.random.default_rng(0).integers(0, 256, size, np.uint8)
    path = tmp_path / "file"
    path.write_bytes(data.tobytes())
    with path.open("rb") as opened:
        mapped = Mapped(opened.fileno(), size)
    mapped.fetch(size // 2, size - size // 2)
    values = np.frombuffer(mapped.bytes, np.uint8)
    del mapped
    gc.collect()
    path.unlink()
    assert np.array_equal(values, data)  # mapped as long as anything refers to it
    assert not values.flags.writeable


@pytest.mark.parametrize(
    ("start", "size"), [(0, 1 << 40), (1 << 40, 4096), (-4096, 4096), (3 * MIB, 1), (1 << 63, 9)]
)
def test_nothing_is_asked_for_beyond_the_file(
    tmp_path: Path, start: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(3 * MIB))
    with path.open("rb") as opened:
        mapped = Mapped(opened.fileno(), 3 * MIB)
    monkeypatch.setattr(mapped, "_library", None if mapped._library is None else Refusing())
    mapped.fetch(start, size)  # what a damaged file says of its tensors


class Refusing:
    """A C library that is never to be called."""

    def madvise(self, *given: int) -> int:
        raise AssertionError(f"asked for memory elsewhere: {given}")


def test_mappings_are_let_go(tmp_path: Path) -> None:
    path = tmp_path / "a-file-with-a-name-of-its-own"
    path.write_bytes(bytes(3 * MIB))
    with path.open("rb") as opened:
        mapped = Mapped(opened.fileno(), 3 * MIB)
    maps = Path("/proc/self/maps")
    assert path.name in maps.read_text()
    del mapped
    assert path.name not in maps.read_text()


def test_pages_given_back_come_again(tmp_path: Path) -> None:
    """An array that was made before stays valid, and takes memory only where it is looked at."""
    path = tmp_path / "file"
    values = np.arange(4 * MIB, dtype=np.float32)
    path.write_bytes(values.tobytes())
    with path.open("rb") as opened:
        mapped = Mapped(opened.fileno(), values.nbytes)
    found = np.frombuffer(mapped.bytes, np.float32)

    def in_memory() -> int:
        lines = Path("/proc/self/smaps").read_text().partition(str(path))[2].splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("Rss:"))

    assert np.array_equal(found, values)
    assert in_memory() == values.nbytes
    mapped.release()
    assert in_memory() == 0
    assert np.array_equal(found, values)
