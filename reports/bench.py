"""A measurement of speed and memory in the terminal and as a Markdown table."""

from __future__ import annotations

import math
from collections.abc import Callable

from rich.console import Console
from rich.text import Text

from harness.bench.baseline import Change
from harness.bench.result import Bench, Figures, LargestBatch, Row
from harness.bench.statistics import Ratio
from harness.text import printable
from reports.tables import Column, table
from reports.words import count

_STYLES = {"faster": "green", "slower": "red", "same": "green", "ambiguous": "yellow"}
_MEBI = 1 << 20


def milliseconds(value: float) -> str:
    """A duration of a call in three digits."""
    return f"{1000 * value:.3g} ms"


def interval(ratio: Ratio) -> str:
    """A ratio with its interval."""
    return f"{ratio.value:.3f} ({ratio.low:.3f} to {ratio.high:.3f})"


def mebibytes(value: int | None) -> str:
    """Memory; a figure that does not exist is a dash."""
    return "-" if value is None else f"{value / _MEBI:.0f} MiB"


def _per_second(row: Row, figures: Figures) -> str:
    return f"{row.batch / figures.seconds.median:.3g}"


def _bits(figures: Figures) -> str:
    if figures.accuracy is None:
        return "-"
    return "all" if math.isinf(figures.accuracy.bits) else f"{figures.accuracy.bits:.1f}"


_COLUMNS: tuple[tuple[str, Callable[[Row], str]], ...] = (
    ("mode", lambda row: row.mode),
    ("batch", lambda row: str(row.batch)),
    ("A", lambda row: row.first.contestant.label),
    ("B", lambda row: row.second.contestant.label),
    ("A median", lambda row: milliseconds(row.first.seconds.median)),
    ("B median", lambda row: milliseconds(row.second.seconds.median)),
    ("A samples/s", lambda row: _per_second(row, row.first)),
    ("B samples/s", lambda row: _per_second(row, row.second)),
    ("B/A (99 % interval)", lambda row: interval(row.ratio)),
    ("B is", lambda row: row.ratio.verdict),
    ("A peak", lambda row: mebibytes(row.first.memory.peak)),
    ("B peak", lambda row: mebibytes(row.second.memory.peak)),
    ("A bits", lambda row: _bits(row.first)),
    ("B bits", lambda row: _bits(row.second)),
)
_TERMINAL = ("mode", "batch", "A", "B", "A median", "B median", "B/A (99 % interval)", "B is")


def notes(found: Bench) -> list[str]:
    """What a reader must know beside the figures."""
    said = [f"Unequal settings: {words}." for words in found.unequal]
    for row in found.rows:
        for figures in (row.first, row.second):
            if not figures.steady:
                said.append(f"{figures.contestant.label}, {row.mode}: calls did not become steady.")
    said += [f"{idle.side}: switch {idle.name} {idle.why}; it was not measured." for idle in found.idle]
    return list(dict.fromkeys(said))


def parts(row: Row) -> str:
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


def draw(found: Bench, changes: list[Change], console: Console, folder: str) -> None:
    """Draw the whole measurement."""
    names = [name for name, _ in _COLUMNS] if console.width >= 136 else list(_TERMINAL)
    made = dict(_COLUMNS)
    columns = [Column(name, [made[name](row) for row in found.rows], most=40) for name in names]
    console.print(table(console.width, columns, [_STYLES[row.ratio.verdict] for row in found.rows]))
    for row in found.rows:
        if row.parts:
            console.print(Text(f"{row.mode}, batch {row.batch}, {row.second.contestant.label}: {parts(row)}"))
    for line in [*map(largest, found.largest), *notes(found), *map(_change, changes)]:
        console.print(Text(printable(line)), soft_wrap=True)
    rounds = sum(len(row.rounds) for row in found.rows)
    where = f"{found.machine.processor}, {count(found.machine.cores, 'core')}"
    console.print(Text(printable(f"{count(rounds, 'round')} on {where}; kept in: {folder}")), soft_wrap=True)


def _change(change: Change) -> str:
    verdict = "too slow" if change.too_slow else "within the limit"
    return (
        f"against the baseline, {change.key}: {change.value:.3f} times the ratio "
        f"({change.low:.3f} to {change.high:.3f}), {verdict}"
    )


def markdown(found: Bench) -> str:
    """The table, ready to paste."""
    head = f"### Speed and memory: {found.model} {found.variant}, {found.device}, {found.date}\n"
    names = [name for name, _ in _COLUMNS]
    lines = [head, _cells(names), _cells(["---"] * len(names))]
    lines += [_cells([make(row) for _, make in _COLUMNS]) for row in found.rows]
    lines.append("")
    lines += [f"- {row.mode}, batch {row.batch}: {parts(row)}" for row in found.rows if row.parts]
    lines += [f"- {printable(line)}" for line in [*map(largest, found.largest), *notes(found)]]
    versions = ", ".join(f"{side} {version.get(side, '?')}" for side, version in found.versions.items())
    machine = f"{found.machine.processor}, {count(found.machine.cores, 'core')}; {versions}"
    return "\n".join([*lines, f"- {printable(machine)}", ""])


def _cells(cells: list[str]) -> str:
    return "| " + " | ".join(printable(cell).replace("|", "\\|") for cell in cells) + " |"
