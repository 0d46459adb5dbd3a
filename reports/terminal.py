"""An alignment in the terminal: the sentence, the places, the evidence, the costs."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console
from rich.text import Text

from harness.alignment import Alignment
from harness.alignment_rows import Row
from harness.figures import ratio, scientific
from harness.language import tr
from harness.text import printable
from reports import sentences, summaries
from reports.hints import NOTHING, TypedWords, next_steps
from reports.tables import Column, draw_whole, table
from reports.words import bits, count, size

ROWS = 12
STYLES = {
    "aligned": "green",
    "diverged": "red",
    "inconclusive": "yellow",
    "failed": "red",
    "inner": "cyan",
    "skipped": "yellow",
    "not compared": "dim",
}
_LINES_OF_LOG = 8
_SHAPES_FROM = 92  # columns; narrower terminals keep the room for the addresses


def draw(
    alignment: Alignment, console: Console, folder: str = "", stored: str = "", typed: TypedWords = NOTHING
) -> None:
    """Draw the whole report; `folder` and `stored` say where the run and the alignment are kept."""
    _headline(alignment, console)
    _failures(alignment, console)
    _rows(alignment, console)
    _sources(alignment, console)
    _attributes(alignment, console)
    for item in summaries.against_stored(alignment):
        console.print(_named(item.name, item.text))
    for item in summaries.coverage(alignment):
        console.print(_named(item.name, item.text))
    _costs(alignment, console)
    for item in summaries.observer(alignment):
        console.print(_named(item.name, item.text))
    if folder:
        console.print(_named("kept in", folder), soft_wrap=True)
    for step in next_steps(alignment, folder, stored, typed):
        console.print(_named("next", step), soft_wrap=True)  # whole, so that it can be copied


def draw_sentence(alignment: Alignment, console: Console, name: str) -> None:
    """Draw the verdict alone."""
    console.print(_verdict(alignment.verdict, f"{name}: {alignment.sentence}"))


def draw_row(row: Row, console: Console) -> None:
    """Draw everything that is known of one address."""
    console.print(Text(printable(row.address), style="bold"))
    console.print(_verdict(row.verdict.status, f"{tr(row.verdict.status)}: {sentences.reason(row)}"))
    for item in summaries.measures(row):
        console.print(_named(item.name, item.text))


def _headline(alignment: Alignment, console: Console) -> None:
    console.print(_verdict(alignment.verdict, sentences.sentence(alignment)))
    for name, address in (("first", alignment.first), ("worst", alignment.worst)):
        row = summaries.row_at(alignment, address)
        if row is not None and (name == "first" or address != alignment.first):
            console.print(_named(name, row.address))
    console.print()


def _failures(alignment: Alignment, console: Console) -> None:
    for name, side in summaries.failures(alignment):
        console.print(_named(tr("{} failed").format(name), side.error, style="red"))
        if side.signal:
            console.print(_named("signal", side.signal))
        if side.last_layer:
            console.print(_named("last layer", side.last_layer))
        for line in side.stderr_tail.splitlines()[-_LINES_OF_LOG:]:
            console.print(Text(f"  | {printable(line)}", style="dim"))
        console.print()


def draw_rows(rows: list[Row], console: Console, whole: bool = False) -> None:
    """Draw a table of rows; `whole` says that no address may be cut."""
    states = [row.verdict.status for row in rows]
    columns = [
        Column("", [summaries.SYMBOLS.get(state, "?") for state in states]),
        Column(tr("address"), [row.address for row in rows], elastic=True),
        Column(tr("type"), [row.type for row in rows], style="dim", most=16),
        Column(tr("shape"), [size(row.shape) for row in rows], style="dim", most=16),
        Column(tr("relative error"), [scientific(summaries.error(row)) for row in rows], number=True),
        Column(tr("bits"), [bits(summaries.error(row)) for row in rows], number=True),
        Column(tr("noise"), [scientific(summaries.noise(row)) for row in rows], number=True),
        Column(tr("of limit"), [ratio(row.verdict.ratio) for row in rows], number=True),
    ]
    if console.width < _SHAPES_FROM:
        del columns[3]
    styles = [STYLES.get(state, "") for state in states]
    if whole:
        marked = [f"{mark} {row.address}" for mark, row in zip(columns[0].cells, rows, strict=True)]
        draw_whole(console, replace(columns[1], cells=marked), columns[2:], styles)
    else:
        console.print(table(console.width, columns, styles))


def _rows(alignment: Alignment, console: Console) -> None:
    rows = summaries.that_matter(alignment, ROWS)
    if rows:
        draw_rows(rows, console)
        _beyond(alignment, len(rows), console)
        console.print()


def _beyond(alignment: Alignment, shown: int, console: Console) -> None:
    """Say how many rows the table leaves out."""
    bad = summaries.diverged(alignment)
    every = bad or alignment.rows
    thing = "diverged tensor" if bad else "tensor"
    if len(every) > shown:
        said = tr("and {} more of {}").format(len(every) - shown, count(len(every), thing))
        console.print(Text(f"  {said}", style="dim"))


def draw_sources(alignment: Alignment, console: Console) -> None:
    """Draw the sources of errors, with their causes where these are known."""
    found = summaries.sources(alignment)
    for item in found:
        console.print(_named(item.name, item.text, style="red"))
    if not found:
        console.print(_named("sources", summaries.alone(alignment)))


def _sources(alignment: Alignment, console: Console) -> None:
    if alignment.sources:
        draw_sources(alignment, console)
        console.print()


def _attributes(alignment: Alignment, console: Console) -> None:
    shown = alignment.attributes[:ROWS]
    if not shown:
        return
    columns = [
        Column(tr("attribute that differs"), [summaries.attribute(found) for found in shown], elastic=True),
        Column(tr("reference"), [str(found.reference) for found in shown]),
        Column(tr("port"), [str(found.port) for found in shown]),
    ]
    console.print(table(console.width, columns))
    if len(alignment.attributes) > ROWS:
        console.print(Text("  " + tr("and {} more").format(len(alignment.attributes) - ROWS), style="dim"))
    console.print()


def _costs(alignment: Alignment, console: Console) -> None:
    lines = summaries.costs(alignment)
    sides = list(dict.fromkeys(side for line in lines for side in line.by_side))
    if not lines:
        return
    columns = [
        Column(tr("cost: wall (CPU)"), [line.name for line in lines], elastic=True),
        *(Column(side, [line.by_side.get(side, "") for line in lines], number=True) for side in sides),
        Column(tr("once"), [line.both for line in lines], number=True, most=30),
    ]
    console.print()
    console.print(table(console.width, columns))
    console.print()


def _verdict(status: str, words: str) -> Text:
    text = Text(f"{summaries.SYMBOLS.get(status, '?')} ", style=f"bold {STYLES.get(status, '')}".strip())
    return text.append(printable(words), style="bold")


def _named(name: str, words: str, style: str = "dim") -> Text:
    return Text(f"{printable(tr(name))}: ", style=style).append(printable(words), style="default")
