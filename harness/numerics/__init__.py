"""The measures between two tensors and of one tensor: numpy only, one walk over memory, block by block."""

from __future__ import annotations

from harness.numerics._difference import difference, no_difference, sample_difference
from harness.numerics._measures import Difference, Stats
from harness.numerics._rounding import denormals_kept
from harness.numerics._statistics import statistics

__all__ = [
    "Difference",
    "Stats",
    "denormals_kept",
    "difference",
    "no_difference",
    "sample_difference",
    "statistics",
]
