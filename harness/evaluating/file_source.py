"""A user's own files as a source of samples, each by itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.errors import BadInput, HarnessError
from harness.pairs.base import Arrays
from harness.pairs.inference import Inference, Opened


class FileSource:
    """The inputs that files make, in the order in which they were given."""

    least = None
    mixes = True

    def __init__(self, how: Inference, paths: Sequence[Path], size: tuple[int, int] | None) -> None:
        self._how, self._size = how, size
        self.groups = how.group(paths)

    def __len__(self) -> int:
        return len(self.groups)

    def names(self, indices: Sequence[int]) -> list[str]:
        """The first file of each input."""
        return [str(self.groups[index][0]) for index in indices]

    def read(self, indices: Sequence[int], epoch: int) -> Arrays:
        """The arrays of one input."""
        return self.opened(indices[0]).arrays

    def opened(self, index: int) -> Opened:
        """One input with what brings its outputs back."""
        try:
            return self._how.read(self.groups[index], self._size)
        except HarnessError:
            raise
        except Exception as error:  # a stranger's code or file may raise anything; what it raised is reported
            where = ", ".join(map(str, self.groups[index]))
            raise BadInput(f"{where} cannot be read: {type(error).__name__}: {error}") from error

    def check(self) -> None:
        """Raise BadInput where a file cannot be read; they are few, and tried before anything runs."""
        for index in range(len(self)):
            self.opened(index)
