"""What a training learns of many arrays at every step, in one look at each."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.pairs.base import Arrays


@dataclass(frozen=True)
class MeasuredArrays:
    """The square of each array's l2 norm; which arrays hold zeros alone, and which something not finite."""

    squares: dict[str, float]
    zero: list[str]
    strange: list[str]

    @classmethod
    def of(cls, arrays: Arrays) -> MeasuredArrays:
        """Look at some arrays. Only a strange square, or one of zero, asks for a second look."""
        squares = {name: _square(array) for name, array in arrays.items()}
        zero = [name for name, square in squares.items() if square == 0 and not arrays[name].any()]
        odd = [name for name, square in squares.items() if not math.isfinite(square)]
        strange = [name for name in odd if not np.isfinite(arrays[name]).all()]
        return cls(squares, zero, strange or (["(overflow)"] if odd else []))


def _square(array: NDArray[np.generic]) -> float:
    flat = array.reshape(-1)
    return float(np.dot(flat, flat))
