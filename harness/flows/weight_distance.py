"""How far the memory of a run is from the reference's own, at some steps of a training."""

from __future__ import annotations

import math
from collections import defaultdict
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


def slots_apart(one: Path, other: Path) -> float:
    """How far apart two optimisers' memories are: of each slot as a share of its size, and the largest."""
    apart, size = defaultdict[str, float](float), defaultdict[str, float](float)
    with Trace.open(one) as mine, Trace.open(other) as theirs:
        for address in mine.records.keys() | theirs.records.keys():
            if not address.startswith("optimizer:"):
                continue
            a, b = (
                np.asarray(trace.array(address) if address in trace.records else 0.0, np.float64)
                for trace in (mine, theirs)
            )
            slot = address.rpartition(".")[2]
            apart[slot] += float(np.sum((a - b) ** 2))
            size[slot] += float(max(np.sum(a**2), np.sum(b**2)))
    return max((math.sqrt(apart[slot] / size[slot]) for slot in apart if apart[slot]), default=0.0)
