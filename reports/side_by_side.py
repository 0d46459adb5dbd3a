"""Several evaluations and published figures as one table, in the terminal and in Markdown."""

from __future__ import annotations

from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from harness.case import SIDES
from harness.evaluating.side_by_side import SideBySide
from harness.text import printable
from reports.tables import Column, table
from reports.words import figure

_STYLES = {"equivalent": "green", "different": "red", "inconclusive": "yellow"}


def document(found: SideBySide) -> dict[str, object]:
    """What --json prints."""
    return {**asdict(found), "markdown": markdown(found), "exit_code": 0}


def draw(found: SideBySide, console: Console) -> None:
    """Draw the table, then what the seeds say, then notes."""
    cells = _cells(found)
    columns = [
        Column(name, [row[place] for row in cells], number=place > 1, elastic=place == 0)
        for place, name in enumerate(_heads(found))
    ]
    console.print(table(console.width, columns))
    for name, judged in found.seeds.items():
        console.print(Text(printable(f"over seeds, {name}:")))
        for one in judged:
            console.print(Text(printable(f"  {one.sentence}"), style=_STYLES[one.verdict]), soft_wrap=True)
    for note in found.notes:
        console.print(Text(printable(f"note: {note}"), style="dim"), soft_wrap=True)


def markdown(found: SideBySide) -> str:
    """The table, ready to paste."""
    heads = _heads(found)
    lines = [heads, ["---", "---", *("---:" for _ in heads[2:])], *_cells(found)]
    text = ["| " + " | ".join(printable(cell).replace("|", "\\|") for cell in line) + " |" for line in lines]
    said = [one.sentence for judged in found.seeds.values() for one in judged]
    return "\n".join([*text, "", *(printable(f"- {line}") for line in [*said, *found.notes]), ""])


def _heads(found: SideBySide) -> list[str]:
    return ["model", "side", "samples", *found.metrics]


def _cells(found: SideBySide) -> list[list[str]]:
    return [
        [
            row.name,
            side,
            "-" if row.samples is None else str(row.samples),
            *(figure(row.of(side).get(name)) for name in found.metrics),
        ]
        for row in found.rows
        for side in SIDES
        if row.of(side)
    ]
