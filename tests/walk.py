"""Prints the walk of one `align compare`: which file of the flows is entered where, in order, and how often.

    ./run python -m tests.walk examples/tiny/tiny_pair.py

A file is entered where a function of it is called from another file of the rooms below. Workers are other
processes and do not count.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from tests import ROOT

ROOMS = ("harness/cli/compare.py", "harness/flows/")


@dataclass
class Walk:
    """The first entry into each file, in order, and how often each file was entered."""

    first: dict[str, str] = field(default_factory=dict)
    entries: Counter[str] = field(default_factory=Counter)

    def follow(self, frame: FrameType, event: str, _: Any) -> None:
        """Take note of a call, as `sys.setprofile` reports it."""
        name = frame.f_code.co_name
        file = of_a_room(frame)
        if event != "call" or file is None or name.startswith("<"):
            return
        caller = frame.f_back
        while caller is not None and of_a_room(caller) is None:
            caller = caller.f_back
        if caller is None or of_a_room(caller) != file:
            self.first.setdefault(file, name)
            self.entries[file] += 1

    def lines(self) -> list[str]:
        """A numbered line for each file."""
        return [
            f"{number}. {file}:{name} ({self.entries[file]})"
            for number, (file, name) in enumerate(self.first.items(), start=1)
        ]


def of_a_room(frame: FrameType) -> str | None:
    """The file of a frame below the root, if it lies in one of the rooms."""
    path = Path(frame.f_code.co_filename)
    file = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else ""
    return file if file.startswith(ROOMS) else None


def walk_of(words: list[str]) -> Walk:
    """The walk of one command."""
    from harness.cli import main

    walk = Walk()
    sys.argv = ["align", *words]
    threading.setprofile(walk.follow)
    sys.setprofile(walk.follow)
    try:
        main()
    except SystemExit:
        pass
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return walk


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        found = walk_of(["compare", "--model", sys.argv[1], "--output", f"{made}/run"])
    print("\n".join(found.lines()))
