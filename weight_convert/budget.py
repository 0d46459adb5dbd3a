"""What reading one file may make in memory and in time, counted before it is made."""

from __future__ import annotations

from harness.errors import BadInput
from weight_convert.limits import MADE, MEBIBYTE, PICKLE_STEPS

# About how many bytes each object takes, with its parts.
ITEM, PAIR, ELEMENT = 12, 104, 104
SMALL_DICT, SMALL_SET = 232, 256
NAME, THING, ODD_KEY = 500, 320, 160
VIEW, DTYPE, ARRAY, TENSOR, STORAGE, MEMBER = 200, 100, 1150, 900, 450, 450
FINDING = 400


class Budget:
    """The memory that one file may use: everything made while it is read is subtracted from it."""

    def __init__(self, limit: int = MADE) -> None:
        self._limit = limit
        self.left = limit
        self.steps = PICKLE_STEPS

    def spend(self, nbytes: int) -> None:
        """Take off what is about to be made; refused where so much is not left."""
        self.left -= nbytes
        if self.left < 0:
            raise self.exhausted()

    def exhausted(self) -> BadInput:
        """The refusal of a file that makes more than any checkpoint does."""
        return BadInput(
            f"what it holds beside its tensors comes to more than {self._limit // MEBIBYTE:,} MiB of memory; "
            "no checkpoint's does: damaged or made to exhaust memory"
        )
