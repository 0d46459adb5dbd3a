"""What lies in the cache is judged by what exists now, and removed only when nobody has it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.environment import compiled, holders, precompiled, removal
from harness.environment.compiled import ELSEWHERE, PRESENT, ROOT, STALE, UNKNOWN, all_compiled
from harness.environment.variables import cache_name
from harness.errors import BadInput, NoEnvironment
from tests.unit.environment.test_precompiled import jittor

KEY = "jt1.3.11/g++12.2.0/py3.11.7/Linux-one/Cpu-one/ab12"
SIZE = 1000


def compiled_folder(home: Path, name: str, key: str = KEY) -> Path:
    """A folder as Jittor leaves it."""
    folder = home / ROOT / key / name
    (folder / "jit").mkdir(parents=True)
    (folder / "jit" / "op.so").write_bytes(bytes(SIZE))
    (folder.parent / compiled.LOCK).touch()
    return folder


class Place:
    """A home of Jittor with one environment that is there, one that is gone, and some others."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.mine = self._environment(root / "mine")
        self.other = self._environment(root / "other")
        self.gone = self._environment(root / "gone")
        self.changed = self._environment(root / "changed")
        shutil.rmtree(root / "gone")
        with (root / "changed" / precompiled.JITTOR_HEADERS[0]).open("a") as header:
            header.write("// another version\n")
        self.lost = compiled_folder(self.home, "cpu-0123abcd")
        self.elsewhere = compiled_folder(self.home, "cpu-0123abcd", KEY.replace("Linux-one", "Linux-two"))
        self.strange = compiled_folder(self.home, "main")

    def _environment(self, root: Path) -> Path:
        flags = precompiled.flags(self.home, jittor(root))
        assert flags, "there is no g++ here"
        return compiled_folder(self.home, cache_name(flags))

    def states(self, place: Path | None) -> dict[Path, str]:
        return {one.path: one.state for one in all_compiled(self.home, place)}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_each_folder_is_judged_by_what_there_is(place: Place) -> None:
    states = place.states(place.mine)
    headers = {path: state for path, state in states.items() if path.parent.name == "precompiled"}
    assert {path: state for path, state in states.items() if path not in headers} == {
        place.mine: PRESENT,
        place.other: PRESENT,
        place.gone: STALE,
        place.changed: STALE,
        place.lost: STALE,
        place.elsewhere: ELSEWHERE,
        place.strange: UNKNOWN,
    }
    assert sorted(headers.values()) == [PRESENT, PRESENT, STALE, STALE]


def test_it_is_said_what_and_why(place: Place, tmp_path: Path) -> None:
    found = {one.path: one for one in all_compiled(place.home, place.mine)}
    assert found[place.gone].why == f"there is no Jittor in {tmp_path / 'gone'} any more"
    assert "has changed since" in found[place.changed].why
    assert found[place.mine].what == "Jittor 1.3.11, g++12.2.0, Python 3.11.7"
    assert found[place.mine].bytes == SIZE


def test_where_jittor_does_not_start_nothing_is_called_stale(place: Place) -> None:
    states = place.states(None)
    assert {state for path, state in states.items() if path.is_relative_to(place.home / ROOT)} == {UNKNOWN}
    assert STALE not in states.values(), "a header that an unknown folder needs goes with it"


def test_what_another_version_of_align_has_compiled_is_not_ours_to_judge(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precompiled, "HEADERS", (*precompiled.HEADERS, "deque"))
    states = place.states(place.mine)
    assert (states[place.gone], states[place.changed]) == (UNKNOWN, UNKNOWN)


def test_links_are_neither_looked_into_nor_removed(place: Place, tmp_path: Path) -> None:
    outside = compiled_folder(tmp_path / "outside", "cpu-0123abcd")
    (place.home / ROOT / KEY / "cpu-99999999").symlink_to(outside)
    (place.home / ROOT / "jt9").symlink_to(tmp_path / "outside" / ROOT / "jt1.3.11")
    inner = place.lost / "jit" / "link"
    inner.symlink_to(outside)
    listed = place.states(place.mine)
    assert not any("cpu-99999999" in path.parts or "jt9" in path.parts for path in listed)
    for wrong in ("cpu-99999999", f"../../../../../../jt9/{KEY.partition('/')[2]}/cpu-0123abcd"):
        with pytest.raises(BadInput, match="is no folder but a link"):
            removal.remove(Path(os.path.normpath(place.home / ROOT / KEY / wrong)), place.home)
    assert removal.remove(place.lost, place.home) == ""
    assert (outside / "jit" / "op.so").read_bytes() == bytes(SIZE)


def test_what_is_removed_is_gone_and_its_neighbours_stay(place: Place) -> None:
    assert removal.remove(place.gone, place.home) == ""
    assert sorted(path.name for path in place.gone.parent.iterdir() if path.is_dir()) == sorted(
        path.name for path in (place.mine, place.other, place.changed, place.lost, place.strange)
    )


@pytest.mark.parametrize("how", ["cwd", "open", "mapped"])
def test_a_folder_that_a_process_has_is_left(place: Place, how: str) -> None:
    library = place.gone / "jit" / "op.so"
    does = {
        "cwd": f"import os; os.chdir({str(place.gone / 'jit')!r})",
        "open": f"kept = open({str(library)!r})",
        "mapped": f"import mmap; file = open({str(library)!r}, 'r+b'); kept = mmap.mmap(file.fileno(), 0)",
    }
    program = f"{does[how]}\nprint('ready', flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == "ready\n"
        assert holders.held([place.gone, place.mine]) == {place.gone: user.pid}
        assert removal.remove(place.gone, place.home) == f"process {user.pid} uses it"
        user.communicate("\n")
    assert library.is_file()
    assert removal.remove(place.gone, place.home) == ""


def test_a_folder_where_jittor_compiles_is_left(place: Place) -> None:
    with (place.gone.parent / compiled.LOCK).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert removal.remove(place.gone, place.home) == "a process is compiling there"
    assert place.gone.is_dir()


def test_a_lock_that_is_a_link_is_not_followed(place: Place, tmp_path: Path) -> None:
    lock = place.gone.parent / compiled.LOCK
    lock.unlink()
    lock.symlink_to(tmp_path / "target")
    assert removal.remove(place.gone, place.home) == "a process is compiling there"
    assert not (tmp_path / "target").exists()


def test_without_a_list_of_processes_nothing_is_said_to_be_free(tmp_path: Path) -> None:
    with pytest.raises(NoEnvironment, match="not known which folders are in use"):
        holders.held([tmp_path], tmp_path / "no processes")
