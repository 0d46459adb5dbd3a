"""How far the parameters of a run are from those of the reference's own, at some steps of a training."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from harness.trace import Trace


def is_measured(step: int, stop: int) -> bool:
    """The first step, every power of two, and the last: a distance adds up what lies between."""
    return step & (step - 1) == 0 or step == stop - 1


def distance(one: Path, other: Path) -> float:
    """The l2 distance of the `state:` tensors that the first file holds."""
    total = 0.0
    with Trace.open(one) as mine, Trace.open(other) as theirs:
        for address in mine.records:
            a, b = mine.array(address), theirs.array(address)
            assert a is not None
            assert b is not None
            difference = np.subtract(a, b, dtype=np.float64).reshape(-1)
            total += float(np.dot(difference, difference))
    return math.sqrt(total)
