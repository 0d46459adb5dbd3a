"""What was compared and what was not."""

from __future__ import annotations

from collections import Counter

from harness import address as addresses
from harness.alignment_rows import Row
from harness.comparing._places import kind_of
from harness.coverage import Coverage, Gap
from harness.layer_choice import WORDS, LayerChoice
from harness.verdict import is_noisy

_COMPARED = ("aligned", "diverged", "inconclusive")


def coverage(rows: list[Row], fallback: list[str], before: Coverage) -> Coverage:
    """What was compared and what was not; `before` has what follows from the traces alone."""
    chosen = LayerChoice(before.asked) if before.asked not in ("", *WORDS) else None
    recorded = Counter(kind_of(row.address) for row in rows if chosen is None or _is_meant(row, chosen))
    compared = Counter(kind_of(row.address) for row in rows if row.verdict.status in _COMPARED)
    return Coverage(
        asked=before.asked,
        inner=_gaps(rows, "inner"),
        needed=before.needed,
        recorded=dict(recorded),
        compared=dict(compared),
        not_compared=_gaps(rows, "not compared"),
        skipped=_gaps(rows, "skipped"),
        fallback=fallback,
        weak=[row.address for row in rows if is_weak(row)],
        unpaired=before.unpaired,
        case_differences=before.case_differences,
        dropout=before.dropout,
    )


def _is_meant(row: Row, chosen: LayerChoice) -> bool:
    """Whether a tensor is one of those asked for; a stored trace may hold more."""
    if addresses.kind(row.address) != "layer":
        return True
    return chosen.selects(addresses.parse_layer(row.address).path, is_leaf=False)


def is_weak(row: Row) -> bool:
    """Whether the reference's own noise is so large there that agreement within it says little."""
    return row.measured is not None and row.verdict.policy == "noise" and is_noisy(row.measured)


def _gaps(rows: list[Row], status: str) -> list[Gap]:
    return [Gap(row.address, row.verdict.reason) for row in rows if row.verdict.status == status]
