"""What a fuzzing process has done so far, kept in a file, so that it is known however the process ends."""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.watch import Spent

_FORM = struct.Struct("<QQd")


@dataclass
class Tally:
    """How many inputs were tried, and the most that one of them cost."""

    inputs: int = 0
    most: Spent = field(default_factory=Spent)

    def count(self, spent: Spent) -> None:
        """One input more."""
        self.inputs += 1
        self.most = self.most.most(spent)

    def joined(self, other: Tally) -> Tally:
        """What both have done."""
        return Tally(self.inputs + other.inputs, self.most.most(other.most))


class KeptTally(Tally):
    """A tally whose figures are written to a file as they come."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        path.write_bytes(bytes(_FORM.size))
        with path.open("r+b") as file:
            self._kept = mmap.mmap(file.fileno(), _FORM.size)

    def count(self, spent: Spent) -> None:
        """One input more, in the file too."""
        super().count(spent)
        _FORM.pack_into(self._kept, 0, self.inputs, self.most.memory, self.most.seconds)


def read_tally(path: Path) -> Tally:
    """The figures in a file; none where there is no file."""
    if not path.is_file():
        return Tally()
    inputs, memory, seconds = _FORM.unpack(path.read_bytes())
    return Tally(inputs, Spent(memory, seconds))
