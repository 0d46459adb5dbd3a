"""What was compared and what was not."""

from __future__ import annotations

from collections import Counter

from harness.alignment_rows import Row
from harness.comparing._places import kind_of
from harness.coverage import Coverage, Gap

WEAK_ABOVE = 0.1  # noise over the size of the tensor


def coverage(rows: list[Row], fallback: list[str], before: Coverage) -> Coverage:
    """What was compared and what was not; `before` has what follows from the traces alone."""
    recorded = Counter(kind_of(row.address) for row in rows if row.found != "candidate")
    compared = Counter(
        kind_of(row.address)
        for row in rows
        if row.measured is not None and row.verdict.status in ("aligned", "diverged")
    )
    return Coverage(
        recorded=dict(recorded),
        compared=dict(compared),
        not_compared=_gaps(rows, "not compared"),
        skipped=_gaps(rows, "skipped"),
        fallback=fallback,
        weak=[row.address for row in rows if _is_weak(row)],
        unpaired=before.unpaired,
        case_differences=before.case_differences,
    )


def _is_weak(row: Row) -> bool:
    """Whether the reference's own noise is so large there that agreement within it says little."""
    found = row.measured
    if found is None or row.verdict.policy != "noise" or found.noise_l2 is None or not found.truth_l2:
        return False
    return found.noise_l2 > WEAK_ABOVE * found.truth_l2


def _gaps(rows: list[Row], status: str) -> list[Gap]:
    return [Gap(row.address, row.verdict.reason) for row in rows if row.verdict.status == status]
