"""Decides when there is too little evidence for a verdict: a side is random, most tensors are noise, or some
exceed an allowance that is a guess."""

from __future__ import annotations

from collections.abc import Mapping

from harness.alignment import Alignment
from harness.alignment_rows import Row
from harness.answers import Observer
from harness.comparing._places import kind_of
from harness.figures import percent
from harness.layer_choice import WORDS
from harness.verdict import NoisePolicy

_ROUNDING = 1e-5  # of the largest value: the least that is allowed where the noise is known
_ROUNDING_UNKNOWN = 1e-3  # the same where no truth gives the noise
_SHOWN = 3
_LEAVES = ("output", "loss", "grad", "grad_input")


def why_inconclusive(alignment: Alignment) -> str:
    """Why the rows allow no verdict, in sentences; empty if they do."""
    reasons = (randomness, _other_masks, _uncovered, _doubts, _weakness, _emptiness)
    found = next(filter(None, (reason(alignment) for reason in reasons)), "")
    return f"Inconclusive: {found}" if found else ""


def randomness(alignment: Alignment) -> str:
    """Which side is random: two of its runs, with different seeds, differ by more than rounding."""
    rows = {row.address: row for row in alignment.rows}
    return " ".join(_random_side(side, found, rows) for side, found in alignment.observer.items()).strip()


def _random_side(side: str, found: Observer, rows: Mapping[str, Row]) -> str:
    for address, change in found.changed.items():
        apart, scale = change.max_abs or 0.0, change.scale or 0.0
        measured = None if found.draws else rows.get(address)  # what draws is random in its noise as well
        if _is_no_chance(found, rows.get(address), apart):
            continue
        if apart > _allowed(measured, scale):
            places = f"two runs of {side} differ by {apart:.2g} at {address}, in values up to {scale:.2g}"
            return f"{places}, which is more than rounding; {_drawn(found.draws)}."
    return ""


def _is_no_chance(found: Observer, row: Row | None, apart: float) -> bool:
    """Whether the two sides are grossly farther apart than two runs of one, in which nothing draws.

    A wrong port may let its rounding grow far beyond that of the reference: then it is wrong, not random.
    """
    if found.draws or row is None or row.measured is None:
        return False
    return row.verdict.status == "diverged" and row.measured.difference.max_abs > NoisePolicy().gross * apart


def _allowed(row: Row | None, scale: float) -> float:
    noise = row.measured.noise_max if row is not None and row.measured is not None else None
    if noise is None:
        return _ROUNDING_UNKNOWN * scale
    return max(NoisePolicy().max_factor * noise, _ROUNDING * scale)


def _drawn(draws: list[str]) -> str:
    if not draws:
        return "no operation was seen to draw, so it is random in another way, or being recorded changes it"
    more = f" and {len(draws) - _SHOWN} more" if len(draws) > _SHOWN else ""
    return f"what draws at random there is {', '.join(draws[:_SHOWN])}{more}"


def _other_masks(alignment: Alignment) -> str:
    """The dropouts of two traces dropped otherwise, and no model is to blame for that."""
    apart = alignment.coverage.dropout.apart
    return f"{apart}; record both alike, with --dropout off, or compare both sides at once." if apart else ""


def _uncovered(alignment: Alignment) -> str:
    """Too little of what was asked for could be compared."""
    found, wanted = alignment.coverage, alignment.policy.get("min_coverage", 0.0)
    share = found.share or 0.0
    if share < wanted:
        counts = found.results() or "no layer and no operation"
        return f"{counts} compared, {percent(share)}, where --min-coverage asks for {percent(wanted)}."
    chosen = found.asked not in ("", *WORDS)
    if chosen and not share and "min_coverage" in alignment.policy:
        return f"nothing that --layers {found.asked!r} asks for could be compared."
    return ""


def _doubts(alignment: Alignment) -> str:
    rows = [row for row in alignment.rows if row.verdict.status == "inconclusive"]
    if not rows:
        return ""
    worst = max(rows, key=lambda row: row.verdict.ratio or 0.0)
    count = "1 tensor differs" if len(rows) == 1 else f"{len(rows)} tensors differ"
    return (
        f"{count} by more than was allowed, yet not by more than rounding might; "
        f"the worst is {worst.address}: {worst.verdict.reason}."
    )


def _emptiness(alignment: Alignment) -> str:
    """What leaves the model agrees, but is no number, zero or nothing: any two models agree in that."""
    judged = [row for row in alignment.rows if row.verdict.status == "aligned" and row.measured is not None]
    blank = [row.address for row in judged if kind_of(row.address) in _LEAVES and _is_blank(row)]
    if blank:
        more = f" and {len(blank) - 1} more" if len(blank) > 1 else ""
        return f"both sides give nothing but NaN at {blank[0]}{more}, and that proves nothing."
    outputs = [row for row in judged if kind_of(row.address) == "output"]
    if outputs and not any(map(_says_anything, outputs)):
        return "every output is zero or empty on both sides, and that proves nothing."
    return ""


def _is_blank(row: Row) -> bool:
    return row.measured is not None and row.measured.blank


def _says_anything(row: Row) -> bool:
    """Whether a result of the model holds an integer, or a number that is not zero."""
    found = row.measured
    return found is not None and found.size > 0 and (found.integer or found.difference.reference_absmax > 0)


def _weakness(alignment: Alignment) -> str:
    weak = len(alignment.coverage.weak)
    compared = sum(alignment.coverage.compared.values())
    if 2 * weak <= compared:
        return ""
    return f"the reference's own noise drowns {weak} of the {compared} tensors compared."
