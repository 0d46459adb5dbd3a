"""Tables for a terminal that always fit its width: one column gives way, in the middle of its words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.text import printable
from reports.words import shorten

_GAP = 2
_LEAST = 12
_NARROWEST = 6


@dataclass(frozen=True)
class Column:
    """A column: its name, its cells, and how they are set. `elastic` marks the one that gives way."""

    name: str
    cells: list[str]
    number: bool = False
    elastic: bool = False
    style: str = ""
    most: int = 24

    def width(self) -> int:
        """How wide the column would like to be."""
        return min(self.most, max(map(cell_len, [self.name, *self.cells])))


def table(width: int, columns: Iterable[Column], row_styles: Iterable[str] = ()) -> Table:
    """A table at most `width` wide, without empty columns. A row's style is that of its ends."""
    kept = [_printable(column) for column in columns if any(column.cells)]
    widths = _widths(width, kept)
    drawn = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="dim")
    for column, room in zip(kept, widths, strict=True):
        name = Text(shorten(column.name, room))
        drawn.add_column(name, justify="right" if column.number else "left", no_wrap=True)
    styles = list(row_styles)
    for position, cells in enumerate(zip(*(column.cells for column in kept), strict=True)):
        row = [
            Text(shorten(cell, room), style=column.style)
            for cell, room, column in zip(cells, widths, kept, strict=True)
        ]
        if styles:
            row[0].stylize(styles[position])
            row[-1].stylize(styles[position])
        drawn.add_row(*row)
    return drawn


def draw_whole(
    console: Console, name: Column, others: Sequence[Column], row_styles: Sequence[str] = ()
) -> None:
    """A table whose names are never cut, since they are typed: what does not fit has lines of its own."""
    least = sum((column.width() if column.number else _NARROWEST) + _GAP for column in others)
    longest = max(map(cell_len, [name.name, *name.cells]))
    if longest + least <= console.width:
        room = console.width - longest - _GAP
        grid = Table(box=None, padding=(0, 0), pad_edge=False, show_header=False)
        grid.add_column(no_wrap=True, width=longest + _GAP)
        grid.add_column(no_wrap=True)
        names = table(longest, [replace(name, most=longest, elastic=False)], row_styles)
        grid.add_row(names, table(room, others))
        console.print(grid)
        return
    kept = [column for column in map(_printable, others) if any(column.cells)]
    for place, cell in enumerate(_printable(name).cells):
        console.print(Text(cell, style=row_styles[place] if row_styles else ""), soft_wrap=True)
        text = "  ".join(f"{column.name} {column.cells[place]}".strip() for column in kept)
        console.print(Text(f"    {text}", style="dim"), soft_wrap=True)


def _printable(column: Column) -> Column:
    cells = [printable(cell) for cell in column.cells]
    return Column(printable(column.name), cells, column.number, column.elastic, column.style, column.most)


def _taken(column: Column, limit: int, width: int) -> int:
    """What a column gets where others get at most `limit`: a figure is cut only where nothing else helps."""
    figure = column.number and limit > _NARROWEST and column.width() < width // 4
    return column.width() if figure else min(column.width(), limit)


def _widths(width: int, columns: list[Column]) -> list[int]:
    """The width of each column: the elastic one gets what the others leave, but never too little."""
    room = width - _GAP * (len(columns) - 1)
    least = _LEAST if any(column.elastic for column in columns) else 0
    for limit in range(width, _NARROWEST - 1, -1):
        fixed = [0 if column.elastic else _taken(column, limit, width) for column in columns]
        if sum(fixed) + least <= room:
            break
    rest = max(room - sum(fixed), _NARROWEST)
    return [rest if column.elastic else taken for column, taken in zip(columns, fixed, strict=True)]
