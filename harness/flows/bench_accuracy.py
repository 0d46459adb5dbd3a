"""How accurate a contestant is: its outputs against those of a float64 run."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from harness.bench.result import Accuracy
from harness.trace import Trace


def accuracy(truth: Path, found: Path) -> Accuracy:
    """The largest relative error (l2) of any output, and the bits of the mantissa that agree."""
    worst = 0.0
    with Trace.open(truth) as exact, Trace.open(found) as rounded:
        for address in exact.records:
            right = np.array(exact.array(address), np.float64)
            other = np.array(rounded.array(address), np.float64)
            size = float(np.linalg.norm(right))
            apart = float(np.linalg.norm(right - other.reshape(right.shape)))
            worst = max(worst, apart / size if size else apart)
    return Accuracy(worst, -math.log2(worst) if worst else math.inf)
