"""Whether what a hypothesis makes of a training step is what the port has made."""

from __future__ import annotations

import dataclasses
from typing import Any

from numpy.typing import NDArray

from harness.alignment_rows import Row
from harness.diagnose.factors import ALIKE
from harness.flows.optimiser_steps import STEP_POLICY
from harness.numerics import difference
from harness.verdict import allowances

Array = NDArray[Any]


def reproduces(made: Array | None, port: Array | None, row: Row) -> bool:
    """Whether both have nothing at this row's address, or the same as far as rounding lets them."""
    if made is None or port is None:
        return made is port
    left, right = made.reshape(-1), port.reshape(-1)
    if left.shape != right.shape:
        return False
    found = difference(left, right)
    if row.measured is not None and row.measured.integer:
        return found.max_abs == 0
    if row.measured is None:
        return found.max_abs <= ALIKE * found.reference_absmax
    if not row.measured.truth_l2:  # it stays as it is on the reference, and moves on the port
        return found.l2 <= ALIKE * found.reference_l2
    allowed = 2 * allowances(dataclasses.replace(row.measured, error_samples=0), STEP_POLICY)[0]
    return found.l2 <= allowed * max(1.0, found.reference_l2 / row.measured.truth_l2)
