"""Two alignments of the same case held side by side: what fails now, what passes now, and what drifts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from harness.alignment import Alignment
from harness.alignment_rows import Row
from harness.figures import scientific
from harness.language import tr
from reports import summaries
from reports.marked import code, prose

DRIFT = 2.0  # of the errors, from which a tensor that fares as before counts as drifting
_MOST = 200
_PASSES = ("aligned", "inner", "skipped")


@dataclass(frozen=True)
class RowChange:
    """One tensor, before and after; None where an alignment does not have it."""

    address: str
    before: str | None
    after: str | None
    error_before: float | None
    error_after: float | None

    @property
    def factor(self) -> float | None:
        """By how much the error grew."""
        if not self.error_before or self.error_after is None:
            return None
        return self.error_after / self.error_before


@dataclass
class Changes:
    """What became of each tensor; each list begins with what grew most."""

    newly_failing: list[RowChange] = field(default_factory=list)
    newly_passing: list[RowChange] = field(default_factory=list)
    drifting: list[RowChange] = field(default_factory=list)
    appeared: list[RowChange] = field(default_factory=list)
    vanished: list[RowChange] = field(default_factory=list)
    same: int = 0

    def groups(self) -> list[tuple[str, list[RowChange]]]:
        """The lists with their names."""
        return [
            (tr("Newly failing"), self.newly_failing),
            (tr("Newly passing"), self.newly_passing),
            (tr("Drift: the error changed by more than a factor of 2"), self.drifting),
            (tr("Only in the second"), self.appeared),
            (tr("Only in the first"), self.vanished),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Data that strict JSON can hold."""
        names = ("newly_failing", "newly_passing", "drifting", "appeared", "vanished")
        return {**{name: list(map(_plain, getattr(self, name))) for name in names}, "same": self.same}


def changes(before: Alignment, after: Alignment) -> Changes:
    """Hold two alignments side by side, tensor by tensor."""
    ours = {row.address: row for row in before.rows}
    its = {row.address: row for row in after.rows}
    found = Changes()
    for address in dict.fromkeys([*ours, *its]):
        change = _change(address, ours.get(address), its.get(address))
        place = _place(change, found)
        if place is None:
            found.same += 1
        else:
            place.append(change)
    for _, group in found.groups():
        group.sort(key=_growth, reverse=True)
    return found


def headline(found: Changes) -> str:
    """What changed in one line."""
    return tr("{} newly failing, {} newly passing, {} drifting, {} the same").format(
        len(found.newly_failing), len(found.newly_passing), len(found.drifting), found.same
    )


def subject(alignment: Alignment) -> str:
    """Which of the two alignments is meant."""
    case, date = alignment.case, alignment.provenance.date
    named = [str(case.get(key) or "") for key in ("pair", "variant", "mode", "device")]
    return ", ".join(filter(None, [*named, alignment.verdict, date]))


def html(before: Alignment, after: Alignment) -> str:
    """The page."""
    from reports.html import page

    found = changes(before, after)
    return page(
        "changes.html.j2",
        title=headline(found),
        subjects=(subject(before), subject(after)),
        groups=[(name, group[:_MOST], len(group)) for name, group in found.groups() if group],
    )


def markdown(before: Alignment, after: Alignment) -> str:
    """The same, for a pull request."""
    found = changes(before, after)
    parts = [f"**{prose(headline(found))}**", f"- 1: {prose(subject(before))}\n- 2: {prose(subject(after))}"]
    for name, group in found.groups():
        if group:
            parts += [f"{prose(name)}:", _table(group[:20])]
            if len(group) > 20:
                parts.append(tr("and {} more").format(len(group) - 20))
    return "\n\n".join(parts) + "\n"


def _table(group: Iterable[RowChange]) -> str:
    lines = [
        f"| {tr('address')} | {tr('before')} | {tr('after')} | {tr('error before')} | {tr('error after')} |",
        "| --- | --- | --- | --- | --- |",
    ]
    for one in group:
        states = [tr(state) if state else "-" for state in (one.before, one.after)]
        errors = [scientific(error) for error in (one.error_before, one.error_after)]
        lines.append(f"| {' | '.join([code(one.address), *states, *errors])} |")
    return "\n".join(lines)


def _change(address: str, one: Row | None, other: Row | None) -> RowChange:
    return RowChange(
        address,
        one.verdict.status if one else None,
        other.verdict.status if other else None,
        summaries.error(one) if one else None,
        summaries.error(other) if other else None,
    )


def _place(change: RowChange, found: Changes) -> list[RowChange] | None:
    if change.before is None:
        return found.appeared
    if change.after is None:
        return found.vanished
    failed, fails = change.before not in _PASSES, change.after not in _PASSES
    if failed != fails:
        return found.newly_failing if fails else found.newly_passing
    return found.drifting if _drifts(change) else None


def _drifts(change: RowChange) -> bool:
    one, other = change.error_before, change.error_after
    if one is None or other is None or one == other:
        return False
    small, large = sorted((one, other))
    return large > DRIFT * small


def _growth(change: RowChange) -> float:
    """What lists are sorted by; what was exact before comes first."""
    if change.factor is None:
        return math.inf if change.error_after else 0.0
    return -1.0 if math.isnan(change.factor) else change.factor


def _plain(change: RowChange) -> dict[str, Any]:
    errors = {"error_before": change.error_before, "error_after": change.error_after}
    finite = {
        name: value if value is None or math.isfinite(value) else str(value) for name, value in errors.items()
    }
    return {"address": change.address, "before": change.before, "after": change.after, **finite}
