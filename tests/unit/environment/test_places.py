"""Where things are kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.environment import places
from harness.errors import NoEnvironment
from tests.unit.environment.fakes import touch


def test_the_cache_is_where_its_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ALIGN_CACHE", str(tmp_path / "mine"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    assert places.cache_folder() == tmp_path / "mine"


def test_a_relative_cache_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALIGN_CACHE", "mine")
    assert places.cache_folder() == tmp_path / "mine"


@pytest.mark.parametrize(
    ("base", "expected"),
    [("/var/caches", "/var/caches/align"), ("", "HOME/.cache/align"), ("rel", "HOME/.cache/align")],
)
def test_the_cache_follows_the_users_cache_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, base: str, expected: str
) -> None:
    monkeypatch.delenv("ALIGN_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", base)
    assert places.cache_folder() == Path(expected.replace("HOME", str(tmp_path)))


def test_a_folder_that_is_not_there_yet_is_writable_if_the_one_above_is(tmp_path: Path) -> None:
    touch(tmp_path / "file")
    assert places.writable(tmp_path / "a/b/c")
    assert not places.writable(tmp_path / "file/below")
    assert places.free_bytes(tmp_path / "a/b/c") > 0


def test_used_bytes_counts_files_and_no_links(tmp_path: Path) -> None:
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/er/file").write_bytes(b"x" * 1000)
    (tmp_path / "file").write_bytes(b"x" * 234)
    (tmp_path / "link").symlink_to(tmp_path / "deep")
    (tmp_path / "dead").symlink_to("nowhere")
    assert places.used_bytes(tmp_path) == 1234
    assert places.used_bytes(tmp_path / "nowhere") == 0


def test_a_kept_folder_is_made_for_its_user_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ALIGN_CACHE", str(tmp_path / "mine"))
    before = os.umask(0)
    try:
        made = places.kept_folder("truth")
    finally:
        os.umask(before)
    assert made == tmp_path / "mine/truth"
    assert [folder.stat().st_mode & 0o777 for folder in (made, made.parent)] == [0o700, 0o700]


@pytest.mark.parametrize("which", ["mine", "mine/truth"])
@pytest.mark.parametrize("mode", [0o777, 0o757, 0o1777])
def test_a_folder_that_others_can_write_keeps_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, which: str, mode: int
) -> None:
    monkeypatch.setenv("ALIGN_CACHE", str(tmp_path / "mine"))
    places.kept_folder("truth")
    (tmp_path / which).chmod(mode)
    with pytest.raises(NoEnvironment, match=f"{which} can be written by other users .*{mode:o}.*ALIGN_CACHE"):
        places.kept_folder("truth")


def test_a_folder_that_cannot_be_made_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    touch(tmp_path / "file")
    monkeypatch.setenv("ALIGN_CACHE", str(tmp_path / "file/below"))
    with pytest.raises(NoEnvironment, match=r"cannot be written: Not a directory.*ALIGN_CACHE"):
        places.kept_folder("truth")
