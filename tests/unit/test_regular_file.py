"""Files that somebody names: only regular ones are opened, at once, and a change is noticed."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.regular_file import open_regular, require_unchanged, version
from harness.trace import Trace
from weight_convert import read_state

SPARSE = 1 << 40


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.fspath(path))


def _sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, SPARSE)


KINDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (lambda path: None, "does not exist"),
    "a folder": (Path.mkdir, "is a folder; name a file in it"),
    "a pipe": (os.mkfifo, "is no regular file"),
    "a socket": (_socket, "No such device or address|is no regular file"),
    "a device that never ends": (lambda path: path.symlink_to("/dev/zero"), "is no regular file"),
    "a link to nothing": (lambda path: path.symlink_to("gone"), "is a link to gone, which does not exist"),
    "a link to itself": (lambda path: path.symlink_to(path), "cannot be opened: Too many levels"),
    "an empty file": (Path.touch, "is empty|no HDF5 file"),
    "a file of the system": (lambda path: path.symlink_to("/proc/self/status"), "is empty|no HDF5 file"),
    "a terabyte of nothing": (_sparse, "of no known format|no HDF5 file"),
}
NAMES = ["x", "x" * 300, "line\nbreak", "\x1b[31m", "\udcff"]
READERS: list[Callable[[Path], object]] = [Trace.open, read_state]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("kind", list(KINDS))
def test_what_is_no_file_is_refused_at_once(
    kind: str, read: Callable[[Path], object], tmp_path: Path
) -> None:
    make, saying = KINDS[kind]
    make(tmp_path / "x")
    started = time.monotonic()
    with pytest.raises(BadInput, match=saying) as caught:
        read(tmp_path / "x")
    assert str(tmp_path / "x") in str(caught.value)
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_may_be_anything(name: str, read: Callable[[Path], object], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"does not exist|cannot be opened: File name too long"):
        read(tmp_path / name)
    if len(name) < 256:
        (tmp_path / name).write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
        with pytest.raises(BadInput, match="not readable as HDF5"):
            read(tmp_path / name)


@pytest.mark.parametrize("read", READERS)
def test_a_name_with_a_zero_is_refused(read: Callable[[Path], object]) -> None:
    with pytest.raises(BadInput, match="cannot be opened: embedded null"):
        read(Path("a\0b"))


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_what_may_not_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "x").touch(0)
    with pytest.raises(BadInput, match="may not be read by this user"):
        open_regular(tmp_path / "x")


def _rewritten(path: Path) -> None:
    os.utime(path, ns=(0, 0))


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut short": (lambda path: os.truncate(path, 1), "was changed while it was read"),
    "grown": (lambda path: os.truncate(path, 99), "was changed while it was read"),
    "written over": (_rewritten, "was changed while it was read"),
    "replaced": (lambda path: path.with_name("y").replace(path), "was replaced while it was read"),
    "removed": (Path.unlink, "was removed while it was read"),
}


@pytest.mark.parametrize("how", list(CHANGES))
def test_a_change_is_noticed(how: str, tmp_path: Path) -> None:
    for name in ("x", "y"):
        (tmp_path / name).write_bytes(b"content")
    file = open_regular(tmp_path / "x")
    before = version(file)
    os.close(file)
    require_unchanged(tmp_path / "x", before)
    change, saying = CHANGES[how]
    change(tmp_path / "x")
    with pytest.raises(BadInput, match=saying):
        require_unchanged(tmp_path / "x", before)
