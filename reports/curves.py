"""Curves over the steps of a training, as numbers and texts; the template only draws them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.text import printable

WIDTH, HEIGHT = 960, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 16, 14, 34
_MOST_POINTS = 1200
_TICKS = 5
_SPAN = 30.0  # of the largest over the smallest value, from which a logarithmic scale shows more

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Curve:
    """A line: what it is called, its points (step, value), and the style class that draws it."""

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
class Tick:
    """A line of the grid: its place, and the number there."""

    place: float
    label: str


@dataclass(frozen=True)
class DrawnLine:
    """One line or area as the template draws it."""

    name: str
    style: str
    points: str


@dataclass(frozen=True)
class DrawnMark:
    """A line across, with its name on the side where there is room."""

    x: float
    name: str
    style: str
    anchor: str


@dataclass
class Panel:
    """One chart."""

    title: str
    note: str
    scale: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM
    lines: list[DrawnLine] = field(default_factory=list)
    bands: list[DrawnLine] = field(default_factory=list)
    marks: list[DrawnMark] = field(default_factory=list)
    rows: list[Tick] = field(default_factory=list)
    columns: list[Tick] = field(default_factory=list)


def panel(
    title: str,
    curves: Sequence[Curve],
    bands: Sequence[Band] = (),
    marks: Sequence[Mark] = (),
    note: str = "",
    logarithmic: bool | None = None,
) -> Panel | None:
    """A chart of these; None where nothing finite is to be shown. `logarithmic` None: as the values need."""
    shown = [[value for _, value in curve.points] for curve in curves]
    shown += [[value for _, *both in band.points for value in both] for band in bands]
    values = [value for some in shown for value in some if math.isfinite(value)]
    steps = [point[0] for curve in curves for point in curve.points]
    steps += [point[0] for band in bands for point in band.points]
    if not values or not steps:
        return None
    positive = [value for value in values if value > 0]
    if logarithmic is None:
        logarithmic = len(positive) == len(values) and max(values) > _SPAN * min(values)
    axis = _Axis.of(positive if logarithmic else values, logarithmic)
    place = _Place(min(steps), max(steps), axis)
    drawn = Panel(title, note, "logarithmic" if logarithmic else "")
    drawn.lines = [
        DrawnLine(printable(curve.name), curve.style, " ".join(map(place.point, _thinned(curve.points))))
        for curve in curves
    ]
    drawn.bands = [
        DrawnLine(printable(band.name), "band", place.area(_thinned(band.points))) for band in bands
    ]
    drawn.marks = [place.mark(mark) for mark in marks if place.first <= mark.step <= place.last]
    drawn.rows = [Tick(place.y(value), label) for value, label in axis.ticks()]
    drawn.columns = [Tick(place.x(step), f"{step:g}") for step in _steps(place.first, place.last)]
    return drawn


@dataclass(frozen=True)
class _Axis:
    """The values from the bottom to the top."""

    low: float
    high: float
    logarithmic: bool

    @classmethod
    def of(cls, values: Sequence[float], logarithmic: bool) -> _Axis:
        if not logarithmic:
            low, high = min(values), max(values)
            room = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
            return cls(low - room, high + room, False)
        exponents = [math.log10(value) for value in values] or [-1.0, 0.0]
        low, high = float(math.floor(min(exponents))), float(math.ceil(max(exponents)))
        return cls(low, max(high, low + 1), True)

    def share(self, value: float) -> float:
        """How far up a value lies; what is beyond lies on the edge."""
        if math.isnan(value):
            return 1.0
        if self.logarithmic:
            value = math.log10(value) if value > 0 else -math.inf
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def ticks(self) -> list[tuple[float, str]]:
        """Round values, with their names."""
        if self.logarithmic:
            every = math.ceil((self.high - self.low) / _TICKS)
            powers = range(int(self.low), int(self.high) + 1, every)
            return [(10.0**power, f"1e{power}") for power in powers]
        return [(value, f"{value:.4g}") for value in _round_values(self.low, self.high)]


@dataclass(frozen=True)
class _Place:
    """From steps and values to places on the paper."""

    first: float
    last: float
    axis: _Axis

    def x(self, step: float) -> float:
        span = (self.last - self.first) or 1.0
        share = min(max((step - self.first) / span, 0.0), 1.0)
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        return round(HEIGHT - _BOTTOM - self.axis.share(value) * (HEIGHT - _BOTTOM - _TOP), 1)

    def point(self, at: tuple[float, ...]) -> str:
        return f"{self.x(at[0])},{self.y(at[1])}"

    def area(self, points: Sequence[tuple[float, ...]]) -> str:
        low = [f"{self.x(step)},{self.y(value)}" for step, value, _ in points]
        high = [f"{self.x(step)},{self.y(value)}" for step, _, value in points]
        return " ".join([*low, *reversed(high)])

    def mark(self, mark: Mark) -> DrawnMark:
        x = self.x(mark.step)
        return DrawnMark(x, printable(mark.name), mark.style, "end" if x > WIDTH / 2 else "start")


def _round_values(low: float, high: float) -> list[float]:
    """A few round values between two."""
    step = 10.0 ** math.floor(math.log10((high - low) / _TICKS))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (factor * step) <= _TICKS)
    first = math.ceil(low / step)
    return [number * step for number in range(first, first + _TICKS + 1) if number * step <= high]


def _steps(first: float, last: float) -> list[float]:
    if last <= first:
        return [first]
    return [value for value in _round_values(first, last) if value == round(value)]


def _thinned(points: Sequence[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Few enough points to draw: of each run of neighbours the one with the largest value."""
    size = math.ceil(len(points) / _MOST_POINTS) or 1
    groups = (points[start : start + size] for start in range(0, len(points), size))
    return [max(group, key=lambda point: _rank(point[-1])) for group in groups]


def _rank(value: float) -> float:
    return math.inf if math.isnan(value) else value


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
