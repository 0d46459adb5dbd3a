"""The ratios of a measurement with their intervals, as one SVG picture that a Markdown page can show."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.bench.result import Bench, BenchRow
from harness.text import printable
from reports.html import environment

_WIDTH, _LEFT, _RIGHT, _TOP, _ROW = 820, 330, 110, 44, 26
_TICKS = (
    0.1,
    0.2,
    0.25,
    0.33,
    0.5,
    0.67,
    0.8,
    0.9,
    1.0,
    1.1,
    1.25,
    1.5,
    2.0,
    3.0,
    4.0,
    5.0,
    10.0,
    20.0,
    50.0,
)
_FEWEST_TICKS = 36  # pixels between two of them


@dataclass(frozen=True)
class Bar:
    """A row: its words, and where its ratio and interval lie."""

    name: str
    words: str
    verdict: str
    y: int
    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class GridLine:
    """A line across, and its number."""

    x: float
    label: str


def svg(found: Bench, title: str) -> str:
    """The picture."""
    low = min([0.9, *(row.ratio.low for row in found.rows)])
    high = max([1.1, *(row.ratio.high for row in found.rows)])
    scale = _Scale(math.log(low), math.log(high))
    bars = [_bar(row, number, scale) for number, row in enumerate(found.rows)]
    height = _TOP + _ROW * len(bars) + 30
    return environment().get_template("bench.svg.j2").render(
        title=printable(title),
        width=_WIDTH,
        height=height,
        top=_TOP,
        bottom=height - 30,
        one=scale.place(1.0),
        bars=bars,
        ticks=_ticks(low, high, scale),
    )  # fmt: skip


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float

    def place(self, ratio: float) -> float:
        """Where a ratio lies, on a logarithmic scale."""
        share = (math.log(ratio) - self.low) / (self.high - self.low)
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)


def _bar(row: BenchRow, number: int, scale: _Scale) -> Bar:
    ratio = row.ratio
    names = f"{row.second.contestant.label} / {row.first.contestant.label}"
    return Bar(
        name=printable(f"{row.mode}, batch {row.batch}: {names}"),
        words=f"{ratio.value:.3f} {ratio.verdict}",
        verdict=ratio.verdict,
        y=_TOP + _ROW * number + _ROW // 2,
        low=scale.place(ratio.low),
        middle=scale.place(ratio.value),
        high=scale.place(ratio.high),
    )


def _ticks(low: float, high: float, scale: _Scale) -> list[GridLine]:
    found: list[GridLine] = []
    for ratio in sorted(_TICKS, key=lambda value: abs(math.log(value))):  # 1 first, then outwards
        place = scale.place(ratio)
        if low <= ratio <= high and all(abs(place - tick.x) >= _FEWEST_TICKS for tick in found):
            found.append(GridLine(place, f"{ratio:g}"))
    return found
