"""A measurement of speed and memory in the terminal and as a Markdown table."""

from __future__ import annotations

import math
from collections.abc import Callable

from rich.console import Console
from rich.text import Text

from harness.bench.baseline import RatioChange
from harness.bench.layers import LayerTable
from harness.bench.result import Bench, BenchRow, Figures, LargestBatch
from harness.bench.statistics import Ratio
from harness.language import tr
from harness.text import printable
from reports import bench_layers as layers
from reports.tables import Column, table
from reports.words import count

_STYLES = {"faster": "green", "slower": "red", "same": "green", "ambiguous": "yellow"}
_MEBI = 1 << 20
_WIDE, _NARROW = 200, 100


def milliseconds(value: float) -> str:
    """A duration of a call in three digits."""
    return f"{1000 * value:.3g} ms"


def interval(ratio: Ratio, digits: int = 3) -> str:
    """A ratio with its interval."""
    figures = (f"{value:.{digits}f}" for value in (ratio.value, ratio.low, ratio.high))
    return tr("{} ({} to {})").format(*figures)


def mebibytes(value: int | None) -> str:
    """Memory; a figure that does not exist is a dash."""
    return "-" if value is None else f"{(value + _MEBI // 2) // _MEBI} MiB"


def spread_of(figures: Figures) -> str:
    """Median, quartiles and standard deviation of the seconds of a call."""
    found = figures.seconds
    low, high, deviation = (f"{1000 * value:.3g}" for value in (found.low, found.high, found.deviation))
    return tr("{} ({} to {}, \u03c3 {})").format(milliseconds(found.median), low, high, deviation)


def metric(figures: Figures) -> str:
    """The first metric, which is the one that counts; empty where none was taken."""
    return next((f"{name} {value:.4g}" for name, value in figures.metric.items()), "")


def finite(number: int) -> float:
    """A number of a file as a float; infinite where it is beyond them."""
    try:
        return float(number)
    except OverflowError:
        return math.inf


def per_second(row: BenchRow, figures: Figures) -> str:
    """Samples in a second; a dash where no time was taken."""
    taken = figures.seconds.median
    return f"{finite(row.batch) / taken:.3g}" if taken else "-"


def agreed_bits(figures: Figures) -> str:
    """Bits of the mantissa that agree with the float64 run."""
    if figures.accuracy is None:
        return "-"
    return tr("all") if math.isinf(figures.accuracy.bits) else f"{figures.accuracy.bits:.1f}"


_COLUMNS: tuple[tuple[str, Callable[[BenchRow], str]], ...] = (
    ("mode", lambda row: row.mode),
    ("batch", lambda row: str(row.batch)),
    ("A", lambda row: row.first.contestant.label),
    ("B", lambda row: row.second.contestant.label),
    ("A median (quartiles, \u03c3)", lambda row: spread_of(row.first)),
    ("B median (quartiles, \u03c3)", lambda row: spread_of(row.second)),
    ("A samples/s", lambda row: per_second(row, row.first)),
    ("B samples/s", lambda row: per_second(row, row.second)),
    ("B/A (99 % interval)", lambda row: interval(row.ratio)),
    ("B is", lambda row: tr(row.ratio.verdict)),
    ("A peak", lambda row: mebibytes(row.first.memory.peak)),
    ("B peak", lambda row: mebibytes(row.second.memory.peak)),
    ("A allocator", lambda row: mebibytes(row.first.memory.allocator)),
    ("B allocator", lambda row: mebibytes(row.second.memory.allocator)),
    ("A bits", lambda row: agreed_bits(row.first)),
    ("B bits", lambda row: agreed_bits(row.second)),
    ("A metric", lambda row: metric(row.first)),
    ("B metric", lambda row: metric(row.second)),
)
_MEDIANS: tuple[tuple[str, Callable[[BenchRow], str]], ...] = (
    *_COLUMNS[:4],
    ("A median", lambda row: milliseconds(row.first.seconds.median)),
    ("B median", lambda row: milliseconds(row.second.seconds.median)),
)
_SHORT = (*_MEDIANS, *_COLUMNS[8:10], *_COLUMNS[-4:])
_SHORTEST = (
    *_MEDIANS,
    ("B/A (99 % interval)", lambda row: interval(row.ratio, digits=2)),
    ("B is", lambda row: tr(row.ratio.verdict)),
)
_FIGURES = 4  # columns of words and of the batch, which come first


def title(found: Bench) -> str:
    """What every table and picture is called; unequal settings are part of it."""
    said = tr("Speed and memory: {} {}, {}, {}").format(found.model, found.variant, found.device, found.date)
    return said + (
        tr(", under unequal settings: {}").format("; ".join(found.unequal)) if found.unequal else ""
    )


def pair(row: BenchRow) -> str:
    """The two of a row, as a fraction."""
    return f"{row.second.contestant.label} / {row.first.contestant.label}"


def notes(found: Bench) -> list[str]:
    """What a reader must know beside the figures."""
    said = [tr("Unequal settings: {}.").format(words) for words in found.unequal]
    said += _first_calls(found)
    if found.data:
        said.append(tr("The metrics are those of {} data.").format(found.data))
    for row in found.rows:
        for figures in (row.first, row.second):
            if not figures.steady:
                known = tr("{}, {}: calls did not become steady.")
                said.append(known.format(figures.contestant.label, row.mode))
    idle = tr("{}: switch {} {}; it was not measured.")
    said += [idle.format(one.side, one.name, one.why) for one in found.idle]
    return list(dict.fromkeys(said))


def _first_calls(found: Bench) -> list[str]:
    """What the first call of each contestant took, which may have compiled; one line for each case."""
    first_calls: dict[str, dict[str, str]] = {}
    for row in found.rows:
        for figures in (row.first, row.second):
            words = f"{figures.contestant.label} {figures.first:.2f} s"
            if figures.compiled:
                words += tr(" with {} compiled").format(count(figures.compiled, "operator"))
            first_calls.setdefault(tr("{}, batch {}").format(row.mode, row.batch), {}).setdefault(
                figures.contestant.label, words
            )
    said = tr("First call, {}: {}.")
    return [said.format(case, "; ".join(words.values())) for case, words in first_calls.items()]


def parts(row: BenchRow) -> str:
    """The ratios of forward, backward and step, in words; empty for an evaluation."""
    return ", ".join(f"{tr(name)} {interval(ratio)}" for name, ratio in row.parts.items())


def largest(found: LargestBatch) -> str:
    """The largest batch of a side, in words."""
    limit = mebibytes(found.limit)
    if not found.batch:
        known = tr("{}, {}: not even a batch of {} fits into {}: {}")
        return known.format(found.side, found.mode, found.refused, limit, found.why)
    said = tr("{}, {}: a batch of {} fits into {}").format(found.side, found.mode, found.batch, limit)
    refused = tr("; {} does not ({})").format(found.refused, found.why)
    return said + (refused if found.refused else f"; {found.why}")


def draw(found: Bench, changes: list[RatioChange], console: Console, folder: str) -> None:
    """Draw the whole measurement."""
    if found.unequal:
        console.print(Text(printable(title(found)), style="yellow"), soft_wrap=True)
    narrow = console.width < _NARROW
    chosen = _COLUMNS if console.width >= _WIDE else _SHORTEST if narrow else _SHORT
    columns = [
        Column(tr(name), [make(row) for row in found.rows], number=place >= _FIGURES, most=40)
        for place, (name, make) in enumerate(chosen)
    ]
    console.print(table(console.width, columns, [_STYLES[row.ratio.verdict] for row in found.rows]))
    for row in found.rows:
        if row.parts:
            case = tr("{}, batch {}").format(row.mode, row.batch)
            console.print(Text(f"{case}, {row.second.contestant.label}: {parts(row)}"))
    for line in map(_exactness, found.rows) if narrow else ():
        console.print(Text(printable(line)), soft_wrap=True)
    for timed in found.layers:
        _draw_layers(timed, found, console)
    for line in [*map(largest, found.largest), *notes(found), *map(_change, changes)]:
        console.print(Text(printable(line)), soft_wrap=True)
    rounds = sum(len(row.rounds) for row in found.rows)
    where = f"{found.machine.processor}, {count(found.machine.cores, 'core')}"
    said = tr("{} on {}; kept in: {}").format(count(rounds, "round"), where, folder)
    console.print(Text(printable(said)), soft_wrap=True)


def _exactness(row: BenchRow) -> str:
    """What a narrow table has no room for: the bits that agree, and the metric."""
    each = []
    for one in (row.first, row.second):
        bits = tr("{} {} bits").format(one.contestant.label, agreed_bits(one))
        each.append(", ".join(filter(None, [bits, metric(one)])))
    return tr("{}, batch {}").format(row.mode, row.batch) + ": " + "; ".join(each)


def _draw_layers(timed: LayerTable, found: Bench, console: Console) -> None:
    unequal = f" ({title(found)})" if found.unequal else ""
    console.print(Text(printable(layers.title(timed) + unequal)), soft_wrap=True)
    shown = [layers.cells(row) for row in layers.most_lost(timed)]
    columns = [
        Column(tr(name), [row[place] for row in shown], number=place > 1, elastic=not place, most=48)
        for place, name in enumerate(layers.HEAD)
    ]
    console.print(table(console.width, columns))
    for line in layers.notes(timed):
        console.print(Text(printable(line)), soft_wrap=True)


def _change(change: RatioChange) -> str:
    verdict = tr("too slow") if change.too_slow else tr("within the limit")
    said = tr("against the baseline, {}: {:.3f} times the ratio ({:.3f} to {:.3f}), {}")
    return said.format(change.key, change.value, change.low, change.high, verdict)


def markdown(found: Bench) -> str:
    """The tables, ready to paste."""
    head = f"### {printable(title(found))}\n"
    shown = [(name, made) for name, make in _COLUMNS if any(made := [make(row) for row in found.rows])]
    lines = [head, _cells([tr(name) for name, _ in shown]), _cells(["---"] * len(shown))]
    lines += [_cells(list(row)) for row in zip(*(made for _, made in shown), strict=True)]
    lines += ["", f"![{printable(title(found))}](bench.svg)", ""]
    case = tr("{}, batch {}")
    lines += [f"- {case.format(row.mode, row.batch)}: {parts(row)}" for row in found.rows if row.parts]
    lines += [f"- {printable(line)}" for line in [*map(largest, found.largest), *notes(found)]]
    versions = ", ".join(f"{side} {version.get(side, '?')}" for side, version in found.versions.items())
    machine = f"{found.machine.processor}, {count(found.machine.cores, 'core')}; {versions}"
    lines += [f"- {printable(machine)}", ""]
    for timed in found.layers:
        lines += _layers(timed, found)
    return "\n".join(lines)


def _layers(timed: LayerTable, found: Bench) -> list[str]:
    unequal = tr(", under unequal settings") if found.unequal else ""
    lines = [f"#### {printable(layers.title(timed))}{unequal}\n", _cells(list(map(tr, layers.HEAD)))]
    lines += [_cells(["---"] * len(layers.HEAD))]
    lines += [_cells(layers.cells(row)) for row in layers.most_lost(timed)]
    return [*lines, "", *(f"- {printable(line)}" for line in layers.notes(timed)), ""]


def _cells(cells: list[str]) -> str:
    return "| " + " | ".join(printable(cell).replace("|", "\\|") for cell in cells) + " |"
