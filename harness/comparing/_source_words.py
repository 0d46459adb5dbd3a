"""What layers that ran alone tell, in a sentence."""

from __future__ import annotations

from harness.alignment import Alignment
from harness.alignment_rows import Row
from harness.tally import Tally

_SHOWN = 4


def carries(row: Row) -> bool:
    """Whether a tensor diverged although its layer, run alone, does nothing wrong."""
    return (
        row.verdict.status == "diverged"
        and row.isolated is not None
        and row.isolated.verdict.status != "diverged"
    )


def sources_sentence(alignment: Alignment) -> str:
    """The sources in a sentence; empty where no layer ran alone."""
    if not alignment.isolated.ran:
        return ""
    names = [source.address for source in alignment.sources]
    if not names:
        if not Tally.of(alignment.rows).diverged:
            return "Every layer agrees on the reference's own inputs as well."
        return "In isolation, on the reference's own inputs, every layer agrees: no layer makes the error."
    carriers = sum(carries(row) for row in alignment.rows)
    count = "1 place makes" if len(names) == 1 else f"{len(names)} places make"
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    drowned = " In the whole run its noise hides that." if alignment.isolated.decided else ""
    return f"Run alone, {count} the error: {shown}; {carriers} tensors only carry it on.{drowned}"
