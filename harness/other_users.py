"""Whether other users of the machine could have had a hand in a file or folder. Root is trusted."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from pathlib import Path


def others_hand(path: Path) -> str:
    """How another user could have changed this file or folder; empty if none could."""
    for link in filter(Path.is_symlink, (path, *path.parents)):
        if not _is_own(link.lstat()):
            return f"{link} is a link that user {link.lstat().st_uid} made"
    real = path.resolve()
    found = real.stat()
    if not _is_own(found):
        return f"{real} belongs to user {found.st_uid}, not to user {os.getuid()} who runs this"
    if _others_may_write(found):
        return f"{real} can be written by other users (its mode is {stat.S_IMODE(found.st_mode):o})"
    return ""


def can_be_replaced(path: Path) -> str:
    """How every user could exchange this file or folder for another at any time; empty where none could."""
    for above in path.resolve().parents:
        if above.stat().st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH:
            return f"{above}, above it, can be written by every user and has no sticky bit"
    return ""


def _is_own(found: os.stat_result) -> bool:
    return found.st_uid in (os.getuid(), 0)


def _others_may_write(found: os.stat_result) -> bool:
    if found.st_mode & stat.S_IWOTH:
        return True
    return bool(found.st_mode & stat.S_IWGRP) and not _is_private_group(found.st_gid)


def _is_private_group(number: int) -> bool:
    """Whether a group is the one that many systems make for each user, who is alone in it."""
    try:
        user, group = pwd.getpwuid(os.getuid()), grp.getgrgid(number)
    except KeyError:
        return False
    return user.pw_gid == number and group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}
