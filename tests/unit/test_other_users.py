"""What tells whether other users could have had a hand; the attacks themselves are in tests/faults."""

from __future__ import annotations

import os
import pwd
from grp import struct_group
from pathlib import Path
from typing import NamedTuple

import pytest

from harness import other_users
from harness.other_users import can_be_replaced, others_hand


class SimpleUser(NamedTuple):
    """What is asked of a user."""

    pw_name: str
    pw_gid: int


def test_a_group_may_write_where_it_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def user(alone: bool) -> None:
        found = pwd.getpwuid(os.getuid())
        named = struct_group((found.pw_name, "x", folder.stat().st_gid, [] if alone else ["another"]))
        monkeypatch.setattr(
            other_users.pwd, "getpwuid", lambda _: SimpleUser(found.pw_name, folder.stat().st_gid)
        )
        monkeypatch.setattr(other_users.grp, "getgrgid", lambda _: named)

    folder = tmp_path / "mine"
    folder.mkdir(mode=0o700)
    folder.chmod(0o775)
    user(alone=True)
    assert others_hand(folder) == ""
    user(alone=False)
    assert "can be written by other users" in others_hand(folder)


def test_a_folder_below_one_that_everybody_can_rename_in_is_reported(tmp_path: Path) -> None:
    folder = tmp_path / "open/mine"
    folder.mkdir(parents=True, mode=0o700)
    folder.parent.chmod(0o1777)
    assert can_be_replaced(folder) == ""
    folder.parent.chmod(0o777)
    assert "sticky bit" in can_be_replaced(folder)


def test_links_of_ones_own_are_followed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(folder)
    assert others_hand(tmp_path / "link") == ""
    folder.chmod(0o777)
    assert "can be written by other users" in others_hand(tmp_path / "link")


def test_a_file_is_judged_like_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch(0o644)
    assert others_hand(file) == ""
    file.chmod(0o666)
    assert "its mode is 666" in others_hand(file)
