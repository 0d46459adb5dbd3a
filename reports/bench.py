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
from harness.text import printable
from reports import bench_layers as layers
from reports.tables import Column, table
from reports.words import count

_STYLES = {"faster": "green", "slower": "red", "same": "green", "ambiguous": "yellow"}
_MEBI = 1 << 20
_WIDE = 200


def milliseconds(value: float) -> str:
    """A duration of a call in three digits."""
    return f"{1000 * value:.3g} ms"


def interval(ratio: Ratio) -> str:
    """A ratio with its interval."""
    return f"{ratio.value:.3f} ({ratio.low:.3f} to {ratio.high:.3f})"


def mebibytes(value: int | None) -> str:
    """Memory; a figure that does not exist is a dash."""
    return "-" if value is None else f"{value / _MEBI:.0f} MiB"


def spread_of(figures: Figures) -> str:
    """Median, quartiles and standard deviation of the seconds of a call."""
    found = figures.seconds
    low, high, deviation = (f"{1000 * value:.3g}" for value in (found.low, found.high, found.deviation))
    return f"{milliseconds(found.median)} ({low} to {high}, \u03c3 {deviation})"


def _metric(figures: Figures) -> str:
    """The first metric, which is the one that counts; empty where none was taken."""
    return next((f"{name} {value:.4g}" for name, value in figures.metric.items()), "")


def _per_second(row: BenchRow, figures: Figures) -> str:
    return f"{row.batch / figures.seconds.median:.3g}"


def _bits(figures: Figures) -> str:
    if figures.accuracy is None:
        return "-"
    return "all" if math.isinf(figures.accuracy.bits) else f"{figures.accuracy.bits:.1f}"


_COLUMNS: tuple[tuple[str, Callable[[BenchRow], str]], ...] = (
    ("mode", lambda row: row.mode),
    ("batch", lambda row: str(row.batch)),
    ("A", lambda row: row.first.contestant.label),
    ("B", lambda row: row.second.contestant.label),
    ("A median (quartiles, \u03c3)", lambda row: spread_of(row.first)),
    ("B median (quartiles, \u03c3)", lambda row: spread_of(row.second)),
    ("A samples/s", lambda row: _per_second(row, row.first)),
    ("B samples/s", lambda row: _per_second(row, row.second)),
    ("B/A (99 % interval)", lambda row: interval(row.ratio)),
    ("B is", lambda row: row.ratio.verdict),
    ("A peak", lambda row: mebibytes(row.first.memory.peak)),
    ("B peak", lambda row: mebibytes(row.second.memory.peak)),
    ("A allocator", lambda row: mebibytes(row.first.memory.allocator)),
    ("B allocator", lambda row: mebibytes(row.second.memory.allocator)),
    ("A bits", lambda row: _bits(row.first)),
    ("B bits", lambda row: _bits(row.second)),
    ("A metric", lambda row: _metric(row.first)),
    ("B metric", lambda row: _metric(row.second)),
)
_SHORT: tuple[tuple[str, Callable[[BenchRow], str]], ...] = (
    *_COLUMNS[:4],
    ("A median", lambda row: milliseconds(row.first.seconds.median)),
    ("B median", lambda row: milliseconds(row.second.seconds.median)),
    *_COLUMNS[8:10],
    ("A bits", lambda row: _bits(row.first)),
    ("B bits", lambda row: _bits(row.second)),
    ("A metric", lambda row: _metric(row.first)),
    ("B metric", lambda row: _metric(row.second)),
)


def title(found: Bench) -> str:
    """What every table and picture is called; unequal settings are part of it."""
    unequal = f", under unequal settings: {'; '.join(found.unequal)}" if found.unequal else ""
    return f"Speed and memory: {found.model} {found.variant}, {found.device}, {found.date}{unequal}"


def notes(found: Bench) -> list[str]:
    """What a reader must know beside the figures."""
    said = [f"Unequal settings: {words}." for words in found.unequal]
    said += _first_calls(found)
    if found.data:
        said.append(f"The metrics are those of {found.data} data.")
    for row in found.rows:
        for figures in (row.first, row.second):
            if not figures.steady:
                said.append(f"{figures.contestant.label}, {row.mode}: calls did not become steady.")
    said += [f"{idle.side}: switch {idle.name} {idle.why}; it was not measured." for idle in found.idle]
    return list(dict.fromkeys(said))


def _first_calls(found: Bench) -> list[str]:
    """What the first call of each contestant took, which may have compiled; one line for each case."""
    first_calls: dict[str, dict[str, str]] = {}
    for row in found.rows:
        for figures in (row.first, row.second):
            words = f"{figures.contestant.label} {figures.first:.2f} s"
            if figures.compiled:
                words += f" with {count(figures.compiled, 'operator')} compiled"
            first_calls.setdefault(f"{row.mode}, batch {row.batch}", {}).setdefault(
                figures.contestant.label, words
            )
    return [f"First call, {case}: {'; '.join(words.values())}." for case, words in first_calls.items()]


def parts(row: BenchRow) -> str:
    """The ratios of forward, backward and step, in words; empty for an evaluation."""
    return ", ".join(f"{name} {interval(ratio)}" for name, ratio in row.parts.items())


def largest(found: LargestBatch) -> str:
    """The largest batch of a side, in words."""
    limit = mebibytes(found.limit)
    if not found.batch:
        return (
            f"{found.side}, {found.mode}: not even a batch of {found.refused} fits into {limit}: {found.why}"
        )
    refused = f"; {found.refused} does not ({found.why})" if found.refused else f"; {found.why}"
    return f"{found.side}, {found.mode}: a batch of {found.batch} fits into {limit}{refused}"


def draw(found: Bench, changes: list[RatioChange], console: Console, folder: str) -> None:
    """Draw the whole measurement."""
    if found.unequal:
        console.print(Text(printable(title(found)), style="yellow"), soft_wrap=True)
    chosen = _COLUMNS if console.width >= _WIDE else _SHORT
    columns = [Column(name, [make(row) for row in found.rows], most=40) for name, make in chosen]
    console.print(table(console.width, columns, [_STYLES[row.ratio.verdict] for row in found.rows]))
    for row in found.rows:
        if row.parts:
            console.print(Text(f"{row.mode}, batch {row.batch}, {row.second.contestant.label}: {parts(row)}"))
    for timed in found.layers:
        _draw_layers(timed, found, console)
    for line in [*map(largest, found.largest), *notes(found), *map(_change, changes)]:
        console.print(Text(printable(line)), soft_wrap=True)
    rounds = sum(len(row.rounds) for row in found.rows)
    where = f"{found.machine.processor}, {count(found.machine.cores, 'core')}"
    console.print(Text(printable(f"{count(rounds, 'round')} on {where}; kept in: {folder}")), soft_wrap=True)


def _draw_layers(timed: LayerTable, found: Bench, console: Console) -> None:
    unequal = f" ({title(found)})" if found.unequal else ""
    console.print(Text(printable(layers.title(timed) + unequal)), soft_wrap=True)
    shown = [layers.cells(row) for row in layers.most_lost(timed)]
    columns = [
        Column(name, [row[place] for row in shown], number=place > 1, elastic=not place, most=48)
        for place, name in enumerate(layers.HEAD)
    ]
    console.print(table(console.width, columns))
    for line in layers.notes(timed):
        console.print(Text(printable(line)), soft_wrap=True)


def _change(change: RatioChange) -> str:
    verdict = "too slow" if change.too_slow else "within the limit"
    return (
        f"against the baseline, {change.key}: {change.value:.3f} times the ratio "
        f"({change.low:.3f} to {change.high:.3f}), {verdict}"
    )


def markdown(found: Bench) -> str:
    """The tables, ready to paste."""
    head = f"### {printable(title(found))}\n"
    shown = [(name, made) for name, make in _COLUMNS if any(made := [make(row) for row in found.rows])]
    lines = [head, _cells([name for name, _ in shown]), _cells(["---"] * len(shown))]
    lines += [_cells(list(row)) for row in zip(*(made for _, made in shown), strict=True)]
    lines += ["", f"![{printable(title(found))}](bench.svg)", ""]
    lines += [f"- {row.mode}, batch {row.batch}: {parts(row)}" for row in found.rows if row.parts]
    lines += [f"- {printable(line)}" for line in [*map(largest, found.largest), *notes(found)]]
    versions = ", ".join(f"{side} {version.get(side, '?')}" for side, version in found.versions.items())
    machine = f"{found.machine.processor}, {count(found.machine.cores, 'core')}; {versions}"
    lines += [f"- {printable(machine)}", ""]
    for timed in found.layers:
        lines += _layers(timed, found)
    return "\n".join(lines)


def _layers(timed: LayerTable, found: Bench) -> list[str]:
    unequal = ", under unequal settings" if found.unequal else ""
    lines = [f"#### {printable(layers.title(timed))}{unequal}\n", _cells(list(layers.HEAD))]
    lines += [_cells(["---"] * len(layers.HEAD))]
    lines += [_cells(layers.cells(row)) for row in layers.most_lost(timed)]
    return [*lines, "", *(f"- {printable(line)}" for line in layers.notes(timed)), ""]


def _cells(cells: list[str]) -> str:
    return "| " + " | ".join(printable(cell).replace("|", "\\|") for cell in cells) + " |"
