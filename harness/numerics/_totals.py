"""The running totals over two tensors, from which a Difference is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.numerics._floats import limits


@dataclass
class Totals:
    """Sums over all elements, their maxima, and the flat positions of the worst and of the first mismatch."""

    reference2: Any = 0.0
    candidate2: Any = 0.0
    difference2: Any = 0.0
    product: Any = 0.0  # of the reference and the difference
    max_abs: float = 0.0
    max_rel: float = 0.0
    pass_rtol: float = 0.0
    reference_absmax: float = 0.0
    max_ulp: int = 0
    nonfinite: int = 0
    worst: int | None = None
    mismatch: int | None = None


def rounded_up(quotient: Any, dtype: Any) -> float:
    """A quotient computed in `dtype`, enlarged by more than its rounding."""
    return float(quotient) * (1 + 2 * max(float(limits(np.dtype(dtype)).eps), 2.0**-52))
