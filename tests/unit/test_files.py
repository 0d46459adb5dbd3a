"""Files and folders appear whole or not at all, and take nobody's place unasked."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from harness import files
from harness.errors import BadInput
from tests import ROOT

Making = Callable[[Path], None]
AT_ONCE, ROUNDS = 4, 20
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
SPAWN = multiprocessing.get_context("spawn")


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def make_file(path: Path) -> None:
    """Write a file."""
    files.write_file(path, f"{os.getpid()}")


def make_folder(path: Path) -> None:
    """Write a folder."""
    with files.new_folder(path) as draft:
        (draft / "in").write_text(f"{os.getpid()}")


def claim(path: Path) -> None:
    """Claim a folder."""
    if not files.claim_folder(path, "logs"):
        raise BadInput("taken")


def test_a_file_appears_with_its_content_and_nothing_beside_it(tmp_path: Path) -> None:
    files.write_file(tmp_path / "a", "ä\ud800")
    files.write_file(tmp_path / "b", b"\x00\xff")
    assert (tmp_path / "a").read_bytes() == "ä?".encode()
    assert (tmp_path / "b").read_bytes() == b"\x00\xff"
    assert names(tmp_path) == ["a", "b"]


def test_it_has_the_rights_that_the_user_gives_to_new_files(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        files.write_file(tmp_path / "a", "")
        make_folder(tmp_path / "b")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o750


def test_a_file_that_exists_is_kept_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("precious")
    with pytest.raises(BadInput, match=r"a exists; use --force or name another$"):
        files.write_file(path, "new")
    assert path.read_text() == "precious"
    files.write_file(path, "new", replace=True)
    assert path.read_text() == "new"
    assert names(tmp_path) == ["a"]


def test_a_name_of_the_longest_kind_can_be_written(tmp_path: Path) -> None:
    files.write_file(tmp_path / ("n" * 255), "x")
    with pytest.raises(BadInput, match="cannot be written: File name too long"):
        files.write_file(tmp_path / ("n" * 256), "x")


def put_folder(path: Path) -> None:
    """A folder with something in it."""
    path.mkdir()
    (path / "x").touch()


ODD: dict[str, tuple[Making, str]] = {
    "folder": (put_folder, "is a folder"),
    "dangling link": (lambda path: path.symlink_to("nowhere"), "is a link to nowhere"),
    "link": (lambda path: path.symlink_to(__file__), "is a link to "),
    "pipe": (os.mkfifo, "is no regular file"),
    "socket": (lambda path: os.mknod(path, 0o140600), "is no regular file"),
}


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("what", ODD)
def test_what_is_no_regular_file_is_never_replaced(what: str, replace: bool, tmp_path: Path) -> None:
    make, word = ODD[what]
    make(tmp_path / "a")
    before = (tmp_path / "a").lstat()
    with pytest.raises(BadInput, match=word):
        files.write_file(tmp_path / "a", "x", replace=replace)
    after = (tmp_path / "a").lstat()
    for name in ("st_ino", "st_mode", "st_size", "st_mtime_ns", "st_ctime_ns"):  # to look at it is allowed
        assert getattr(after, name) == getattr(before, name)
    assert names(tmp_path) == ["a"]


def test_a_device_is_never_replaced() -> None:
    with pytest.raises(BadInput, match="/dev/null is no regular file"):
        files.write_file(Path("/dev/null"), "x", replace=True)


@pytest.mark.parametrize(("place", "word"), [("no/a", "there is no folder"), ("file/a", "Not a directory")])
def test_a_folder_that_is_none_is_named(place: str, word: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match=rf"{place} cannot be written: .*{word}"):
        files.write_file(tmp_path / place, "x")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("make", ["files.write_file(path, '')", "files.new_folder(path).__enter__()"])
def test_a_folder_that_may_not_be_written_is_named(make: str, tmp_path: Path) -> None:
    program = (
        "import os; from pathlib import Path; from harness import files\n"
        f"os.setuid(65534); path = Path('a')\ntry: {make}\nexcept files.BadInput as error: print(error)"
    )
    tmp_path.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout == "a cannot be written: Permission denied; choose another place\n"


def test_an_error_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with files.new_file(tmp_path / "a") as draft, draft.open("w") as file:
            file.write("half")
            raise RuntimeError("in the middle")

    def fail_folder() -> None:
        with files.new_folder(tmp_path / "b") as draft:
            (draft / "half").touch()
            raise RuntimeError("in the middle")

    for failing in (fail, fail_folder):
        with pytest.raises(RuntimeError, match="in the middle"):
            failing()
    assert names(tmp_path) == []


def test_what_is_said_about_a_draft_names_the_file_to_be(tmp_path: Path) -> None:
    def fail() -> None:
        with files.new_file(tmp_path / "a") as draft:
            raise BadInput(f"{draft} is too long")

    with pytest.raises(BadInput) as expected:
        fail()
    assert str(expected.value) == f"{tmp_path / 'a'} is too long"


def test_a_disk_that_is_full_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(BadInput, match="a cannot be written: No space left on device"):
        files.write_file(tmp_path / "a", "x")
    assert names(tmp_path) == []


def test_of_two_files_none_appears_where_one_cannot(tmp_path: Path) -> None:
    def late() -> None:
        with files.new_files(tmp_path / "a", tmp_path / "b") as drafts:
            for draft in drafts:
                draft.write_text("new")
            (tmp_path / "b").write_text("came in between")

    with pytest.raises(BadInput, match="b exists; use --force"):
        late()
    assert names(tmp_path) == ["b"]
    assert (tmp_path / "b").read_text() == "came in between"


def test_a_file_system_without_second_names_is_written_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(self: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", unknown)
    files.write_file(tmp_path / "a", "x")
    assert (tmp_path / "a").read_text() == "x"

    def late() -> None:
        with files.new_file(tmp_path / "b") as draft:
            draft.write_text("late")
            (tmp_path / "b").write_text("came in between")

    with pytest.raises(BadInput, match="exists"):
        late()
    assert (tmp_path / "b").read_text() == "came in between"


def test_a_folder_takes_the_place_of_an_empty_one_alone(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    make_folder(tmp_path / "link")
    assert (tmp_path / "empty" / "in").is_file()
    make_folder(tmp_path / "deep" / "down")
    for taken in ("empty", "link", "deep"):
        with pytest.raises(BadInput, match=rf"{taken} exists and is not an empty folder; name another"):
            make_folder(tmp_path / taken)
        assert not files.claim_folder(tmp_path / taken, "logs")
    with pytest.raises(BadInput, match="exists and is not an empty folder"):
        make_folder(tmp_path / "empty" / "in")
    assert not files.claim_folder(tmp_path / "empty" / "in", "logs")


def race(make: Making, folder: Path, start: Barrier, won: multiprocessing.SimpleQueue[list[int]]) -> None:
    """Try to make the same thing as others at the same moment, several times over."""
    mine = []
    for turn in range(ROUNDS):
        start.wait(60)
        try:
            make(folder / str(turn))
            mine.append(turn)
        except BadInput:
            pass
    won.put(mine)


@pytest.mark.parametrize("make", [make_file, make_folder, claim])
def test_of_many_processes_exactly_one_gets_the_place(make: Making, tmp_path: Path) -> None:
    start, won = SPAWN.Barrier(AT_ONCE), SPAWN.SimpleQueue()
    runners = [SPAWN.Process(target=race, args=(make, tmp_path, start, won)) for _ in range(AT_ONCE)]
    for runner in runners:
        runner.start()
    winners = [won.get() for _ in runners]
    for runner in runners:
        runner.join(60)
    assert sorted(turn for mine in winners for turn in mine) == list(range(ROUNDS))
    assert names(tmp_path) == sorted(map(str, range(ROUNDS)))


def writer(folder: Path) -> subprocess.Popen[bytes]:
    """A process that is in the middle of a file, without the sweeper that might clear it away first."""
    program = (
        "import time; from pathlib import Path; from harness import files\n"
        "files.guard.sweep = lambda folder: None\n"
        "with files.new_file(Path('slow')) as draft:\n"
        "    draft.write_text('half'); print('begun', flush=True); time.sleep(600)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    return process


def end(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """End a writer."""
    process.send_signal(number)
    process.communicate(timeout=60)


def test_what_a_killed_writer_left_goes_with_the_next_one_and_nothing_else(tmp_path: Path) -> None:
    killed, living = writer(tmp_path), writer(tmp_path)
    (kept := tmp_path / ".align-x.partial").touch()
    end(killed, signal.SIGKILL)
    assert len(names(tmp_path)) == 3
    files.write_file(tmp_path / "a", "x")
    try:
        left = set(names(tmp_path)) - {"a", kept.name}
        assert len(left) == 1  # the living one's
    finally:
        end(living, signal.SIGINT)
    assert names(tmp_path) == [kept.name, "a"]


def test_of_two_who_write_the_same_file_at_once_the_first_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "truth.h5"
    with files.first_file(path) as second:
        with files.first_file(path) as first:
            first.write_text("first")
        before = path.stat()
        second.write_text("second")
    assert path.read_text() == "first"
    assert path.stat().st_ino == before.st_ino, "a program that reads it may go on"
    assert list(tmp_path.iterdir()) == [path]


def test_what_may_be_written_by_others_is_not_left_half(tmp_path: Path) -> None:
    def write_half() -> None:
        with files.first_file(tmp_path / "truth.h5") as draft:
            draft.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert list(tmp_path.iterdir()) == []
