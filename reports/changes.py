"""Two results of one kind held side by side: what fails now, what passes now, and what drifts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from harness.bench.baseline import ratio_change, says_something
from harness.language import tr
from reports.judged import Held, Judged, Result, held
from reports.marked import code, prose

_MOST = 200
_PASSES = ("", "aligned", "inner", "skipped", "faster", "same")


@dataclass(frozen=True)
class RowChange:
    """One row, before and after; None where a result does not have it."""

    name: str
    before: Judged | None
    after: Judged | None

    @property
    def measure(self) -> str:
        """What its figures are."""
        return next((one.measure for one in (self.after, self.before) if one), "")

    @property
    def factor(self) -> float | None:
        """By how much the figure grew."""
        before, after = _figure(self.before), _figure(self.after)
        return None if not before or after is None else after / before


@dataclass
class Changes:
    """What became of each row; each list begins with what grew most."""

    drift: str
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
            (self.drift, self.drifting),
            (tr("Only in the second"), self.appeared),
            (tr("Only in the first"), self.vanished),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Data that strict JSON can hold."""
        names = ("newly_failing", "newly_passing", "drifting", "appeared", "vanished")
        return {**{name: list(map(_plain, getattr(self, name))) for name in names}, "same": self.same}


def changes(before: Held, after: Held) -> Changes:
    """Hold two results side by side, row by row."""
    ours = {row.name: row for row in before.rows}
    its = {row.name: row for row in after.rows}
    found = Changes(after.drift)
    for name in dict.fromkeys([*ours, *its]):
        change = RowChange(name, ours.get(name), its.get(name))
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


def document(before: Result, after: Result) -> dict[str, Any]:
    """The same, for machines."""
    return changes(held(before), held(after)).to_dict()


def html(before: Result, after: Result) -> str:
    """The page."""
    from reports.html import page

    one, other = held(before), held(after)
    found = changes(one, other)
    return page(
        "changes.html.j2",
        title=headline(found),
        subjects=(one.subject, other.subject),
        groups=[(name, group[:_MOST], len(group)) for name, group in found.groups() if group],
    )


def markdown(before: Result, after: Result) -> str:
    """The same, for a pull request."""
    one, other = held(before), held(after)
    found = changes(one, other)
    parts = [f"**{prose(headline(found))}**", f"- 1: {prose(one.subject)}\n- 2: {prose(other.subject)}"]
    for name, group in found.groups():
        if group:
            parts += [f"{prose(name)}:", _table(group[:20])]
            if len(group) > 20:
                parts.append(tr("and {} more").format(len(group) - 20))
    return "\n\n".join(parts) + "\n"


def _table(group: Iterable[RowChange]) -> str:
    names = ("what", "before", "after", "figure", "figure before", "figure after")
    lines = [f"| {' | '.join(map(tr, names))} |", "| --- | --- | --- | --- | --- | --- |"]
    for one in group:
        states = [tr(state.status) if state and state.status else "-" for state in (one.before, one.after)]
        figures = [state.shown if state else "-" for state in (one.before, one.after)]
        lines.append(f"| {' | '.join([code(one.name), *states, one.measure or '-', *figures])} |")
    return "\n".join(lines)


def _place(change: RowChange, found: Changes) -> list[RowChange] | None:
    before, after = change.before, change.after
    if before is None:
        return found.appeared
    if after is None:
        return found.vanished
    failed, fails = before.status not in _PASSES, after.status not in _PASSES
    if failed != fails:
        return found.newly_failing if fails else found.newly_passing
    return found.drifting if _drifts(before, after) else None


def _drifts(before: Judged, after: Judged) -> bool:
    one, other = before.figure, after.figure
    if one is None or other is None or one == other:
        return False
    if says_something(before.rounds) and says_something(after.rounds):
        _, low, high = ratio_change(before.rounds, after.rounds)
        return not low <= 1 <= high
    return abs(one - other) > (before.factor - 1) * min(abs(one), abs(other))


def _figure(one: Judged | None) -> float | None:
    return one.figure if one else None


def _growth(change: RowChange) -> float:
    """What lists are sorted by; what was exact before comes first."""
    if change.factor is None:
        return math.inf if _figure(change.after) else 0.0
    return -1.0 if math.isnan(change.factor) else change.factor


def _plain(change: RowChange) -> dict[str, Any]:
    both = {"before": change.before, "after": change.after}
    states = {name: one.status or None if one else None for name, one in both.items()}
    figures = {f"figure_{name}": _finite(_figure(one)) for name, one in both.items()}
    return {"name": change.name, "measure": change.measure, **states, **figures}


def _finite(value: float | None) -> float | str | None:
    return value if value is None or math.isfinite(value) else str(value)
