"""A measurement of speed and memory as one HTML file that needs nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from harness.bench.layers import LayerTable
from harness.bench.result import Bench, BenchRow, Figures, IdleSwitch
from harness.bench.statistics import Speed
from harness.language import chosen, tr
from harness.text import printable
from reports import bench, bench_layers
from reports.curves import Chart, Curve, as_data, chart
from reports.html import content_policy, environment, library, page_script, page_style
from reports.overview import SmallCard
from reports.summaries import Item
from reports.words import count

STATUS: dict[Speed, str] = {
    "faster": "aligned",
    "same": "aligned",
    "ambiguous": "inconclusive",
    "slower": "diverged",
}
"""What colours a verdict on speed."""
SYMBOLS: dict[Speed, str] = {"faster": "✔", "same": "✔", "ambiguous": "?", "slower": "✘"}
_WORST: tuple[Speed, ...] = ("slower", "ambiguous", "same", "faster")
_SCRIPTS = ("elements", "plots", "curves", "speed")
_MOST_CARDS = 6


@dataclass(frozen=True)
class Switched:
    """One contestant with switches against the same without: what it gains, and what it costs."""

    row: BenchRow
    lost: float | None
    """Bits of the mantissa; None where the float64 run is unknown."""


def html(found: Bench) -> str:
    """The page."""
    script, charting, style = page_script(*_SCRIPTS), library(), page_style("report.css", "training.css")
    charts = by_batch(found)
    return (
        environment()
        .get_template("bench.html.j2")
        .render(
            found=found,
            bench=bench,
            case=case,
            layers=bench_layers,
            symbols=SYMBOLS,
            status=STATUS,
            badge=worst(found),
            headline=headline(found),
            title=bench.title(found),
            cards=cards(found),
            speed=between_sides(found),
            switched=switched(found),
            charts=charts,
            facts=facts(found),
            notes=bench.notes(found),
            data=_data(found, charts),
            style=style,
            library=charting,
            script=script,
            policy=content_policy([style], [charting, script]),
            language=chosen(),
        )
    )


def between_sides(found: Bench) -> list[BenchRow]:
    """The rows of both sides as they are, without switches."""
    return [row for row in found.rows if _plain(row.first) and _plain(row.second) and _sides(row) == 2]


def switched(found: Bench) -> list[Switched]:
    """The rows of a side against itself."""
    return [Switched(row, _lost(row)) for row in found.rows if row not in between_sides(found)]


def worst(found: Bench) -> Speed | None:
    """The verdict that the page begins with."""
    verdicts = {row.ratio.verdict for row in between_sides(found)}
    return next((one for one in _WORST if one in verdicts), None)


def headline(found: Bench) -> str:
    """The result in at most eight words."""
    rows = between_sides(found)
    if not rows:
        return tr("No row compares the two sides")
    if len(rows) == 1:
        return tr("The port takes {:.3g} times the reference's time").format(rows[0].ratio.value)
    known = {
        "faster": tr("The port is faster in all {} cases"),
        "slower": tr("The port is slower in all {} cases"),
        "same": tr("Both take the same time in {} cases"),
        "ambiguous": tr("The measurement does not decide {} cases"),
    }
    verdicts = [row.ratio.verdict for row in rows]
    if len(set(verdicts)) == 1:
        return known[verdicts[0]].format(len(rows))
    faster, slower = verdicts.count("faster"), verdicts.count("slower")
    return tr("Faster {}, slower {}, of {} cases").format(faster, slower, len(rows))


def cards(found: Bench) -> list[SmallCard]:
    """Each case's ratio, the memory of the last, the largest batches."""
    rows = between_sides(found)
    made = [_speed_card(row) for row in rows[:_MOST_CARDS]]
    for row in rows[-1:]:
        peaks = [bench.mebibytes(one.memory.peak) for one in (row.first, row.second)]
        made.append(SmallCard(tr("Peak of memory"), " · ".join(peaks), f"{_names(row)}; {case(row)}"))
    for one in found.largest[:2]:
        name = tr("Largest batch, {}").format(one.side)
        made.append(SmallCard(name, str(one.batch), tr("below {}").format(bench.mebibytes(one.limit))))
    return made


def case(row: BenchRow) -> str:
    """Mode, batch and size of a row."""
    size = f", {row.size[0]}x{row.size[1]}" if row.size else ""
    return tr("{}, batch {}").format(row.mode, row.batch) + size


def by_batch(found: Bench) -> list[Chart]:
    """Time of a sample and peak of memory over the batch, where several batches were measured."""
    made = []
    for mode in dict.fromkeys(row.mode for row in found.rows):
        rows = [row for row in between_sides(found) if row.mode == mode]
        if len({row.batch for row in rows}) < 2:
            continue
        rows.sort(key=lambda row: row.batch)
        time, peak = tr("Milliseconds a sample, {}"), tr("Peak of memory in MiB, {}")
        made.append(chart(time.format(mode), _curves(rows, _sample), logarithmic=False, axis="batch"))
        made.append(chart(peak.format(mode), _curves(rows, _peak), logarithmic=False, axis="batch"))
    return [one for one in made if one is not None]


def facts(found: Bench) -> list[Item]:
    """Where it was measured, with which versions and settings."""
    machine = found.machine
    memory = bench.mebibytes(machine.memory)
    where = ", ".join([machine.processor, count(machine.cores, "core"), memory, machine.system])
    items = [Item(tr("machine"), where), Item(tr("device"), f"{found.device} ({machine.device_name})")]
    for side, versions in found.versions.items():
        items.append(Item(side, ", ".join(f"{name} {version}" for name, version in versions.items())))
    settings = {
        one.contestant.side: ", ".join(f"{name} {value}" for name, value in one.settings.items())
        for row in between_sides(found)
        for one in (row.first, row.second)
    }
    items += [Item(tr("settings of {}").format(side), said) for side, said in settings.items() if said]
    rounds = sum(len(row.rounds) for row in found.rows)
    return [*items, Item(tr("rounds"), str(rounds)), *map(_idle, found.idle)]


def _idle(one: IdleSwitch) -> Item:
    return Item(tr("not measured"), f"{one.side}, {one.name}: {one.why}")


def _plain(figures: Figures) -> bool:
    return not figures.contestant.switches and not figures.contestant.again


def _sides(row: BenchRow) -> int:
    return len({row.first.contestant.side, row.second.contestant.side})


def _lost(row: BenchRow) -> float | None:
    if row.first.accuracy is None or row.second.accuracy is None:
        return None
    before, after = row.first.accuracy.bits, row.second.accuracy.bits
    return 0.0 if before == after else before - after


def _names(row: BenchRow) -> str:
    return f"{row.first.contestant.label} · {row.second.contestant.label}"


def _speed_card(row: BenchRow) -> SmallCard:
    times = [bench.milliseconds(one.seconds.median) for one in (row.first, row.second)]
    more = tr("{}: {}; 99 % interval {:.3g} to {:.3g}")
    said = more.format(_names(row), " · ".join(times), row.ratio.low, row.ratio.high)
    return SmallCard(case(row), f"{row.ratio.value:.3g}, {tr(row.ratio.verdict)}", said)


def _curves(rows: list[BenchRow], figure: Any) -> list[Curve]:
    found = []
    for place, style in enumerate(("reference", "port")):
        both = [(row, (row.first, row.second)[place]) for row in rows]
        points = [(bench.finite(row.batch), figure(row, one)) for row, one in both]
        found.append(Curve(both[0][1].contestant.label, points, style))
    return found


def _sample(row: BenchRow, figures: Figures) -> float:
    return 1000 * figures.seconds.median / bench.finite(row.batch) if row.batch else math.nan


def _peak(row: BenchRow, figures: Figures) -> float:
    return math.nan if figures.memory.peak is None else bench.finite(figures.memory.peak) / (1 << 20)


def _data(found: Bench, charts: list[Chart]) -> dict[str, Any]:
    """What the page's script draws from."""
    words = ("batch", "row", "faster", "slower", "same", "ambiguous")
    return {
        "charts": list(map(as_data, charts)),
        "ratios": {
            "speed": _ratios(between_sides(found)),
            "switched": _ratios(one.row for one in switched(found)),
        },
        "lost": [_layers(one) for one in found.layers],
        "words": {word: tr(word) for word in words},
    }


def _ratios(rows: Iterable[BenchRow]) -> list[list[Any]]:
    return [
        [printable(f"{case(row)}, {bench.pair(row)}"), row.ratio.verdict,
         *(_short(value) for value in (row.ratio.low, row.ratio.value, row.ratio.high))]
        for row in rows
    ]  # fmt: skip


def _layers(table: LayerTable) -> list[list[Any]]:
    return [[printable(row.path), _short(1000 * row.lost)] for row in bench_layers.most_lost(table)]


def _short(value: float) -> float | None:
    return float(f"{value:.4g}") if math.isfinite(value) else None
