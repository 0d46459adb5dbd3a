"""Gradients that differ though every layer agrees alone: rounding may have turned over a unit.

Whether a ReLU next to zero is open or closed decides gradients behind it. The runs that measure the
reference's noise turn over many of those units, and not always the one that the port has turned over.
"""

from __future__ import annotations

from dataclasses import replace

from harness.alignment import Alignment
from harness.alignment_rows import Row
from harness.comparing._places import kind_of, worst_row

_GRADIENTS = ("grad", "grad_input", "layer_grad", "operation_grad")
_MOST = 0.1  # of a gradient: some units are turned over, and not the network
_WHY = "alone, on the reference's own values, it agrees, so rounding may have turned over a unit"


def doubt_turned_units(alignment: Alignment) -> None:
    """Accuse nobody where gradients alone have diverged, each a little, and each is right alone."""
    if alignment.verdict != "diverged" or alignment.sources or alignment.policy.get("name") != "noise":
        return
    wrong = [row for row in alignment.rows if row.verdict.status == "diverged"]
    if not wrong or not all(map(_is_right_alone, wrong)):
        return
    for row in wrong:
        row.verdict = replace(row.verdict, status="inconclusive", reason=f"{row.verdict.reason}; {_WHY}")
    worst = worst_row(alignment.rows)
    alignment.first, alignment.worst = None, worst.address if worst else None
    alignment.verdict = "inconclusive"


def _is_right_alone(row: Row) -> bool:
    return (
        kind_of(row.address) in _GRADIENTS
        and row.measured is not None
        and row.measured.difference.rel_l2 <= _MOST
        and row.isolated is not None
        and row.isolated.verdict.status == "aligned"
    )
