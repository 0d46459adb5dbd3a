"""Reasons and the verdict's sentence in the language in use.

An alignment keeps them in English. In another language they are composed from the same figures, so one file
is said in every language.
"""

from __future__ import annotations

from harness.alignment import Alignment
from harness.alignment_rows import Row, Source
from harness.figures import ratio, scientific
from harness.language import ENGLISH, chosen, tr
from harness.tally import Tally
from harness.verdict import Measured, Verdict


def reason(row: Row) -> str:
    """Why a row has its verdict."""
    return _reason(row.figures, row.verdict)


def source_text(alignment: Alignment, source: Source) -> str:
    """What a source does wrong."""
    row = next((row for row in alignment.rows if row.address == source.address), None)
    if chosen() == ENGLISH or row is None or row.isolated is None:
        return source.text
    return _reason(row.isolated.measured, row.isolated.verdict)


def sentence(alignment: Alignment) -> str:
    """The verdict in full."""
    if chosen() == ENGLISH:
        return alignment.sentence
    tally = Tally.of(alignment.rows)
    reference, candidate = alignment.names if len(alignment.sides) == 2 else ("", "")
    if alignment.verdict in ("failed", "inconclusive") or not alignment.rows:
        return alignment.sentence
    known = tr("{} diverges from {} in {} of {} tensors.")
    if not tally.diverged:
        known = tr("{} agrees with {} in {} of {} tensors.")
    parts = [known.format(candidate, reference, tally.diverged or tally.judged, tally.tensors)]
    for name, address in (
        (tr("First at {}: {}."), alignment.first),
        (tr("Worst at {}: {}."), alignment.worst),
    ):
        row = next((row for row in alignment.rows if row.address == address), None)
        if row is not None and (address != alignment.first or not parts[1:]):
            parts.append(name.format(row.address, reason(row)))
    if alignment.sources:
        named = ", ".join(source.address for source in alignment.sources[:4])
        parts.append(tr("Run alone, these make the error: {}.").format(named))
    return " ".join(parts)


def _reason(found: Measured | None, verdict: Verdict) -> str:
    if chosen() == ENGLISH or found is None or verdict.ratio is None:
        return verdict.reason
    difference = found.difference
    if difference.nonfinite:
        return tr("not finite on one side: {} elements").format(difference.nonfinite)
    if not found.error:
        return tr("no error at all")
    said = tr("relative error {}").format(scientific(found.error))
    if found.noise is not None:
        said += tr(", the reference's own noise {}").format(scientific(found.noise))
    said += tr(", {} times what is allowed").format(ratio(verdict.ratio))
    if difference.worst is not None and verdict.ratio > 1:
        place = ", ".join(map(str, difference.worst))
        said += tr(", worst at [{}]: {:.6g} instead of {:.6g}").format(
            place, difference.worst_candidate, difference.worst_reference
        )
    return said
