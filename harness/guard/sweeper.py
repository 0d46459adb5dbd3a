"""Removes the files and folders that a process made for the moment and could not remove itself.

It is run by itself, with the standard library alone: `sweeper.py DESCRIPTOR`. The descriptor is a socket on
which come `+PATH` for what is to be removed in the end and `-PATH` for what is to stay after all, each with a
zero byte behind it. The end comes when the other end of the socket is closed or our parent has ended.
"""

from __future__ import annotations

import contextlib
import os
import select
import stat
import sys
import time

TICK = 1000  # milliseconds between two looks at who our parent is
MOST_SECONDS = 20.0
PAUSE = 0.1  # a worker that is just ending may still write


def main() -> None:
    """Listen until the end, then remove what is left."""
    paths = _listen(int(sys.argv[1]), os.getppid())
    limit = time.monotonic() + MOST_SECONDS
    quiet = 0
    while paths and quiet < 3 and time.monotonic() < limit:
        left = [path for path in paths if _is_ours(path)]
        quiet = 0 if left else quiet + 1
        for path in left:
            _remove(path)
        time.sleep(PAUSE)


def _listen(line: int, parent: int) -> list[bytes]:
    """The paths to remove when the other end is closed."""
    paths: dict[bytes, None] = {}
    poll = select.poll()
    poll.register(line, select.POLLIN)
    text = b""
    while os.getppid() == parent:
        if not poll.poll(TICK):
            continue
        more = os.read(line, 65536)
        if not more:
            break
        *records, text = (text + more).split(b"\0")
        for record in records:
            if record.startswith(b"+"):
                paths[record[1:]] = None
            else:
                paths.pop(record[1:], None)
    return list(paths)


def _is_ours(path: bytes) -> bool:
    """Whether a file or a folder of this user stands there: whatever else does is not what was made."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return found.st_uid == os.getuid() and (stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode))


def _remove(path: bytes) -> None:
    import shutil  # not needed where nothing is left

    shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(OSError):  # a file
        os.unlink(path)  # noqa: PTH108, pathlib takes long to import


if __name__ == "__main__":
    main()
