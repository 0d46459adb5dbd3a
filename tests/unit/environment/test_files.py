"""Links and small files, laid out again and again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness.environment.files import link, write
from tests.unit.environment.fakes import touch


def test_a_link_is_made_kept_and_replaced(tmp_path: Path) -> None:
    touch(tmp_path / "old", tmp_path / "new")
    path = tmp_path / "folder/link"
    for target in ("old", "old", "new"):
        link(path, tmp_path / target)
        assert path.readlink() == tmp_path / target
    assert [entry.name for entry in path.parent.iterdir()] == ["link"]


def test_a_link_takes_the_place_of_a_file(tmp_path: Path) -> None:
    touch(tmp_path / "target", tmp_path / "place")
    link(tmp_path / "place", tmp_path / "target")
    assert (tmp_path / "place").is_symlink()


def test_a_file_that_says_the_same_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "folder/file"
    write(path, "text", executable=True)
    before = path.stat()
    write(path, "text", executable=True)
    assert path.stat().st_ino == before.st_ino
    assert path.stat().st_mode & 0o777 == 0o755
    write(path, "other")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("other", 0o644)


def test_a_file_replaces_a_link_and_not_what_it_leads_to(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.write_text("real")
    (tmp_path / "place").symlink_to(real)
    write(tmp_path / "place", "real")
    assert real.read_text() == "real"
    assert not (tmp_path / "place").is_symlink()


def test_many_writers_leave_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: write(path, "text" * 1000), range(64)))
    assert path.read_text() == "text" * 1000
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
