"""The chart `error by depth`: how far the candidate and the reference are from the truth, layer after layer.

Everything is computed here as numbers and texts; the template only draws them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.alignment import Alignment
from harness.alignment_rows import Row
from harness.figures import scientific
from harness.text import printable
from reports import summaries

WIDTH, HEIGHT = 960, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 16, 34
_MOST_POINTS = 3000
_MOST_TICKS = 8


@dataclass(frozen=True)
class Dot:
    """One tensor in the chart."""

    x: float
    y: float
    address: str
    title: str
    status: str


@dataclass(frozen=True)
class Tick:
    """A line across the chart, and its name."""

    y: float
    label: str


@dataclass
class Chart:
    """What to draw."""

    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM
    dots: list[Dot] = field(default_factory=list)
    noise: str = ""
    ticks: list[Tick] = field(default_factory=list)
    first: Dot | None = None
    zeros: bool = False


def chart(alignment: Alignment) -> Chart | None:
    """The chart of all layers' outputs; None where nothing was measured."""
    rows = [row for row in alignment.rows if _is_output(row)]
    rows = _thinned(sorted(rows, key=lambda row: row.order), alignment.first)
    values = [
        value for row in rows for value in (summaries.error(row), summaries.noise(row)) if _shown(value)
    ]
    if not rows:
        return None
    low, high = _decades([value for value in values if value])
    drawn = Chart(zeros=any(not value for value in values))
    scale = _Scale(low, high, len(rows))
    drawn.ticks = [Tick(scale.y(10.0**power), f"1e{power}") for power in _powers(low, high)]
    drawn.noise = " ".join(
        f"{scale.x(place):.1f},{scale.y(value):.1f}"
        for place, row in enumerate(rows)
        if (value := summaries.noise(row)) is not None and _shown(value)
    )
    drawn.dots = [_dot(scale, place, row) for place, row in enumerate(rows)]
    drawn.first = next((dot for dot in drawn.dots if dot.address == alignment.first), None)
    return drawn


@dataclass(frozen=True)
class _Scale:
    """From depth and error to the place on the paper; what is zero or not finite lies on the edge."""

    low: int
    high: int
    count: int

    def x(self, place: int) -> float:
        width = WIDTH - _LEFT - _RIGHT
        return round(_LEFT + width * (place + 0.5) / self.count, 1)

    def y(self, value: float | None) -> float:
        if value is None or math.isnan(value):
            value = math.inf
        share = 0.0 if value <= 0 else 1.0 if value == math.inf else self._share(value)
        return round(HEIGHT - _BOTTOM - share * (HEIGHT - _BOTTOM - _TOP), 1)

    def _share(self, value: float) -> float:
        return min(max((math.log10(value) - self.low) / (self.high - self.low), 0.0), 1.0)


def _is_output(row: Row) -> bool:
    return row.measured is not None and row.address.startswith("layer:") and ":out" in row.address


def _shown(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _decades(values: Iterable[float]) -> tuple[int, int]:
    """Whole powers of ten around all values."""
    exponents = [math.log10(value) for value in values]
    if not exponents:
        return -8, -6
    low, high = math.floor(min(exponents)), math.ceil(max(exponents))
    return low, max(high, low + 2)


def _powers(low: int, high: int) -> range:
    return range(low, high + 1, math.ceil((high - low) / _MOST_TICKS))


def _thinned(rows: list[Row], first: str | None) -> list[Row]:
    """Few enough rows to draw: of each run of neighbours, the first divergence or else the worst."""
    step = math.ceil(len(rows) / _MOST_POINTS) or 1
    groups = (rows[start : start + step] for start in range(0, len(rows), step))
    return [max(group, key=lambda row: (row.address == first, row.verdict.ratio or 0.0)) for group in groups]


def _dot(scale: _Scale, place: int, row: Row) -> Dot:
    error, noise = summaries.error(row), summaries.noise(row)
    status = row.verdict.status
    figures = f"error {scientific(error)}, noise {scientific(noise)}"
    title = "\n".join((printable(row.address), printable(row.type), figures, status))
    return Dot(scale.x(place), scale.y(error), row.address, title, status.replace(" ", "-"))
