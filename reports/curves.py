"""Curves over the steps of a training or over batches: what a chart holds, and its words."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.language import tr
from harness.text import printable

MOST_STEPS = 1200
_SPAN = 30.0  # of the largest over the smallest value, from which a logarithmic scale shows more

Points = Sequence[tuple[float, float]]
Pick = Callable[[float, float], float]


@dataclass(frozen=True)
class Curve:
    """A line: what it is called, its points (step, value), and the style that draws it."""

    name: str
    points: Points
    style: str


@dataclass(frozen=True)
class Band:
    """An area between two curves over the same steps (step, low, high)."""

    name: str
    points: Sequence[tuple[float, float, float]]


@dataclass(frozen=True)
class Mark:
    """A step that the chart marks with a line, and what happened there."""

    step: float
    name: str
    style: str


@dataclass(frozen=True)
class Chart:
    """One chart: what it shows, its words, and whether its scale is logarithmic."""

    title: str
    text: str
    curves: Sequence[Curve]
    bands: Sequence[Band]
    marks: Sequence[Mark]
    logarithmic: bool
    axis: str = "step"


def chart(
    title: str,
    curves: Sequence[Curve],
    bands: Sequence[Band] = (),
    marks: Sequence[Mark] = (),
    note: str = "",
    logarithmic: bool | None = None,
    axis: str = "step",
) -> Chart | None:
    """A chart of these; None where nothing finite is to be shown. `logarithmic` None: as the values need."""
    values = [value for curve in curves for _, value in curve.points]
    values += [value for band in bands for _, *both in band.points for value in both]
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return None
    positive = [value for value in finite if value > 0]
    if logarithmic is None:
        logarithmic = len(positive) == len(finite) and max(finite) > _SPAN * min(finite)
    logarithmic = logarithmic and bool(positive)
    said = [*(_words(curve, axis) for curve in curves), *_not_drawn(curves, logarithmic), note]
    return Chart(title, " ".join(filter(None, said)), curves, bands, marks, logarithmic, axis)


def as_data(found: Chart) -> dict[str, Any]:
    """A chart for the script: every line and edge of a band over the same steps."""
    at = [point[0] for curve in found.curves for point in curve.points]
    at += [point[0] for band in found.bands for point in band.points]
    steps = sorted({step for step in at if math.isfinite(step)}) or [0]
    starts = steps[:: math.ceil(len(steps) / MOST_STEPS)]
    last = steps[-1]

    def line(points: Points, pick: Pick = max) -> list[float | None]:
        return _thinned(points, starts, found.logarithmic, pick)

    return {
        "title": found.title,
        "text": found.text,
        "axis": found.axis,
        "logarithmic": found.logarithmic,
        "steps": starts,
        "lines": [
            {"name": printable(one.name), "style": one.style, "values": line(one.points)}
            for one in found.curves
        ],
        "bands": [
            {
                "low": line([(step, low) for step, low, _ in one.points], min),
                "high": line([(step, high) for step, _, high in one.points]),
            }
            for one in found.bands
        ],
        "marks": [
            [one.step, printable(one.name), one.style] for one in found.marks if steps[0] <= one.step <= last
        ],
    }


def _words(curve: Curve, axis: str) -> str:
    """A curve for who does not see it."""
    finite = [point for point in curve.points if math.isfinite(point[1])]
    if not finite:
        return ""
    (first, begins), (last, ends) = finite[0], finite[-1]
    name, most = printable(curve.name), max(value for _, value in finite)
    if first == last:
        return tr("{}: {:.4g} at {} {:g}.").format(name, begins, tr(axis), first)
    known = tr("{}: {:.4g} at {} {:g}, {:.4g} at {:g}, at most {:.4g}.")
    return known.format(name, begins, tr(axis), first, ends, last, most)


def _not_drawn(curves: Sequence[Curve], logarithmic: bool) -> list[str]:
    values = [value for curve in curves for _, value in curve.points]
    infinite = sum(not math.isfinite(value) for value in values)
    below = sum(value <= 0 for value in values if math.isfinite(value)) if logarithmic else 0
    said = [tr("Not drawn, because not finite: {}.").format(infinite)] if infinite else []
    return [*said, tr("Not drawn, because not above 0: {}.").format(below)] if below else said


def _thinned(points: Points, starts: Sequence[float], logarithmic: bool, pick: Pick) -> list[float | None]:
    """Of each run of neighbours the largest value that can be drawn, or the least."""
    found: list[float | None] = [None] * len(starts)
    for step, value in points:
        if math.isfinite(step) and math.isfinite(value) and (value > 0 or not logarithmic):
            place = bisect_right(starts, step) - 1
            shown, before = float(f"{value:.6g}"), found[place]
            found[place] = shown if before is None else pick(before, shown)
    return found


def by_name(
    found: Iterable[tuple[float, Mapping[str, float]]], most: int
) -> tuple[dict[str, list[tuple[float, float]]], int]:
    """Curves by name out of figures by step: the first few names, and how many more there are."""
    curves: dict[str, list[tuple[float, float]]] = {}
    more = set()
    for step, figures in found:
        for name, value in figures.items():
            if name in curves or len(curves) < most:
                curves.setdefault(name, []).append((step, value))
            else:
                more.add(name)
    return curves, len(more)
