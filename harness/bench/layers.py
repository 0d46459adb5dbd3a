"""The times of the layers of both sides beside each other, sorted by what the port loses.

Of several passes the middle one of each layer counts, and of the passes without a watch as well: the least of
each would add up to less than any pass.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from harness import address as addresses
from harness.answers import LayersTimed
from harness.case import PORT, REFERENCE, SIDES
from harness.pairs.base import Mode

RECONCILED = 0.10
"""How far the layers may add up to something else than the whole before it is said."""
PASSES = ("forward", "backward")
Seconds = dict[str, float]


@dataclass(frozen=True)
class LayerRow:
    """One layer, or operation between layers, of both sides: seconds by pass.

    `lost` is how much longer the port takes. `parts` are the layers that one side alone has, counted here.
    """

    path: str
    kind: str
    reference: Seconds
    port: Seconds
    lost: float
    parts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Total:
    """What the layers of a side add up to in one pass, and what the pass takes when nothing watches."""

    side: str
    part: str
    layers: float
    whole: float

    @property
    def share(self) -> float:
        """1 where they reconcile."""
        return self.layers / self.whole if self.whole else 1.0

    @property
    def reconciles(self) -> bool:
        """Whether the layers add up to the whole, as near as that can be asked."""
        return abs(self.share - 1) <= RECONCILED


@dataclass(frozen=True)
class LayerTable:
    """The layers of one case."""

    mode: Mode
    batch: int
    size: tuple[int, int] | None
    passes: int
    rows: list[LayerRow]
    totals: list[Total]


def layer_rows(passes: Mapping[str, Sequence[LayersTimed]]) -> list[LayerRow]:
    """Every layer that both sides have, the one by which the port loses most first."""
    times = {side: {part: _middle(found, part) for part in PASSES} for side, found in passes.items()}
    kinds = {
        side: {path: kind for one in found for path, kind in one.kinds.items()}
        for side, found in passes.items()
    }
    common = kinds[REFERENCE].keys() & kinds[PORT].keys() | {addresses.ROOT}
    folded = {side: {part: defaultdict[str, float](float) for part in PASSES} for side in SIDES}
    inside: dict[str, list[str]] = {}
    for side in SIDES:
        for path in kinds[side]:
            place = _place(path, common)
            if place != path:
                inside.setdefault(place, []).append(f"{side} {path}")
            for part in PASSES:
                folded[side][part][place] += times[side][part].get(path, 0.0)
    rows = [
        _row(path, kinds[REFERENCE].get(path, ""), folded, inside.get(path, []))
        for path in dict.fromkeys([*kinds[REFERENCE], addresses.ROOT])
        if path in common
    ]
    return sorted(
        (row for row in rows if sum(row.reference.values()) + sum(row.port.values())),
        key=lambda row: -row.lost,
    )


def totals(rows: Sequence[LayerRow], whole: Mapping[str, Mapping[str, float]]) -> list[Total]:
    """The sum of the layers of each side and pass against the pass that nothing watched."""
    found = []
    for side in SIDES:
        for part in PASSES:
            if part in whole[side]:
                added = sum(_of(row, side).get(part, 0.0) for row in rows)
                found.append(Total(side, part, added, whole[side][part]))
    return found


def by_kind(rows: Sequence[LayerRow]) -> dict[str, float]:
    """What the port loses by each kind of layer, the most first."""
    lost = defaultdict[str, float](float)
    for row in rows:
        lost[row.kind or "between layers"] += row.lost
    return dict(sorted(lost.items(), key=lambda item: -item[1]))


def _of(row: LayerRow, side: str) -> Seconds:
    return row.reference if side == REFERENCE else row.port


def _middle(passes: Sequence[LayersTimed], part: str) -> Seconds:
    found: dict[str, list[float]] = {}
    for one in passes:
        for path, seconds in getattr(one, part).items():
            found.setdefault(path, []).append(seconds)
    return {path: median(seconds) for path, seconds in found.items()}


def _place(path: str, common: frozenset[str] | set[str]) -> str:
    """The path itself where both sides have it, else the nearest module around it that both have."""
    while path not in common:
        above, mark, _ = path.rpartition("/")
        if not mark:
            above, mark, _ = path.rpartition(".")
        path = above if mark else addresses.ROOT
    return path


def _row(
    path: str, kind: str, folded: Mapping[str, Mapping[str, Mapping[str, float]]], parts: list[str]
) -> LayerRow:
    sides = {
        side: {part: folded[side][part][path] for part in PASSES if folded[side][part].get(path)}
        for side in SIDES
    }
    lost = sum(sides[PORT].values()) - sum(sides[REFERENCE].values())
    return LayerRow(path, kind, sides[REFERENCE], sides[PORT], lost, parts)
