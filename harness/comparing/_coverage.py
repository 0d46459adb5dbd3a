"""What was compared and what was not."""

from __future__ import annotations

from collections import Counter
from typing import Any

from harness.alignment_rows import Row
from harness.comparing._places import kind_of

WEAK_ABOVE = 0.1  # noise over the size of the tensor


def coverage(rows: list[Row], fallback: list[str], unpaired: dict[str, list[str]]) -> dict[str, Any]:
    """What was compared and what was not, with the reasons."""
    recorded = Counter(kind_of(row.address) for row in rows if row.found != "candidate")
    compared = Counter(
        kind_of(row.address)
        for row in rows
        if row.measured is not None and row.verdict.status in ("aligned", "diverged")
    )
    return {
        "recorded": dict(recorded),
        "compared": dict(compared),
        "not_compared": _reasons(rows, "not compared"),
        "skipped": _reasons(rows, "skipped"),
        "fallback": fallback,
        "weak": [row.address for row in rows if _is_weak(row)],
        "unpaired": unpaired,
    }


def _is_weak(row: Row) -> bool:
    """Whether the reference's own noise is so large there that agreement within it says little."""
    found = row.measured
    if found is None or row.verdict.policy != "noise" or found.noise_l2 is None or not found.truth_l2:
        return False
    return found.noise_l2 > WEAK_ABOVE * found.truth_l2


def _reasons(rows: list[Row], status: str) -> list[dict[str, str]]:
    return [
        {"address": row.address, "why": row.verdict.reason} for row in rows if row.verdict.status == status
    ]
