"""Several evaluations and published figures as one table, in the terminal and in Markdown."""

from __future__ import annotations

from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from harness.case import SIDES
from harness.evaluating.side_by_side import MetricsRow, SideBySide
from harness.language import tr
from harness.text import printable
from reports.seeds import sentence
from reports.tables import Column, draw_whole
from reports.words import figure

_STYLES = {"equivalent": "green", "different": "red", "inconclusive": "yellow"}


def document(found: SideBySide) -> dict[str, object]:
    """What --json prints."""
    return {**asdict(found), "markdown": markdown(found), "exit_code": 0}


def draw(found: SideBySide, console: Console) -> None:
    """Draw a table for each kind of metrics, then what the seeds say, then notes."""
    for metrics, rows in _tables(found):
        names, *others = zip(*[_heads(metrics), *_cells(metrics, rows)], strict=True)
        columns = [
            Column(head, cells, number=place > 0)
            for place, (head, *cells) in enumerate(others)
            if place != 1 or set(cells) != {"-"}  # of published figures nobody knows how many samples
        ]
        draw_whole(console, Column(names[0], list(names[1:])), columns)
        console.print()
    for name, judged in found.seeds.items():
        console.print(Text(printable(tr("over seeds, {}:").format(name))), soft_wrap=True)
        for one in judged:
            console.print(Text(printable(f"  {sentence(one)}"), style=_STYLES[one.verdict]), soft_wrap=True)
    for note in found.notes:
        console.print(Text(printable(tr("note: {}").format(note)), style="dim"), soft_wrap=True)


def markdown(found: SideBySide) -> str:
    """The tables, ready to paste."""
    lines = []
    for metrics, rows in _tables(found):
        heads = _heads(metrics)
        lines += [heads, ["---", "---", *("---:" for _ in heads[2:])], *_cells(metrics, rows), []]
    text = [
        "| " + " | ".join(printable(cell).replace("|", "\\|") for cell in line) + " |" if line else ""
        for line in lines
    ]
    said = [sentence(one) for judged in found.seeds.values() for one in judged]
    return "\n".join([*text, *(printable(f"- {line}") for line in [*said, *found.notes]), ""])


def _tables(found: SideBySide) -> list[tuple[list[str], list[MetricsRow]]]:
    """The rows by their metrics: those whose metrics another row has too stand in its table."""
    own = [frozenset(row.torch) | frozenset(row.jittor) for row in found.rows]
    widest: dict[frozenset[str], list[MetricsRow]] = {
        one: [] for one in dict.fromkeys(own) if not any(one < other for other in own)
    }
    for row, one in zip(found.rows, own, strict=True):
        next(rows for names, rows in widest.items() if one <= names).append(row)
    return [([name for name in found.metrics if name in names], rows) for names, rows in widest.items()]


def _heads(metrics: list[str]) -> list[str]:
    return [tr("model"), tr("side"), tr("samples"), *metrics]


def _cells(metrics: list[str], rows: list[MetricsRow]) -> list[list[str]]:
    return [
        [
            row.name,
            side,
            "-" if row.samples is None else str(row.samples),
            *(figure(row.of(side).get(name)) for name in metrics),
        ]
        for row in rows
        for side in SIDES
        if row.of(side)
    ]
