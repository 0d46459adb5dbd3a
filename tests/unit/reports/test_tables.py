from __future__ import annotations

import io

import pytest
from rich.console import Console

from reports.tables import Column, draw_whole, table


def drawn(width: int, *columns: Column, styles: tuple[str, ...] = ()) -> list[str]:
    """The lines of a table."""
    console = Console(file=io.StringIO(), width=200)
    console.print(table(width, columns, styles))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_the_elastic_column_gives_way_in_its_middle() -> None:
    long = "layer:backbone." + "block." * 40 + "conv#0:out"
    lines = drawn(
        60, Column("address", [long, "short"], elastic=True), Column("error", ["1.0e-06"] * 2, number=True)
    )
    assert max(map(len, lines)) == 60
    assert lines[1].startswith("layer:backbone.")
    assert "…" in lines[1]
    assert "conv#0:out" in lines[1]
    assert lines[1].endswith("  1.0e-06")
    assert lines[2].startswith("short  ")


def test_no_cell_is_shortened_where_there_is_room() -> None:
    lines = drawn(100, Column("address", ["layer:a#0:out"], elastic=True), Column("type", ["Conv2d"]))
    assert lines == ["address        type", "layer:a#0:out  Conv2d"]


@pytest.mark.parametrize("width", [40, 60, 80, 100])
@pytest.mark.parametrize("elastic", [True, False])
def test_it_fits_however_long_its_words_are(width: int, elastic: bool) -> None:
    columns = [
        Column("name " * 30, ["x" * 300], most=200, elastic=elastic and not index) for index in range(4)
    ]
    assert max(map(len, drawn(width, *columns))) <= width


def test_empty_columns_are_left_out_and_nothing_is_markup() -> None:
    lines = drawn(80, Column("[red]a", ["[bold]x[/nothing]"]), Column("b", ["", ""][:1]), styles=("red",))
    assert lines == ["[red]a", "[bold]x[/nothing]"]


def test_cells_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in "".join(drawn(80, Column("\x1b[31m", ["\x1b]0;x\x07", "a\nb"])))
    assert len(drawn(80, Column("a", ["a\nb"]))) == 2


@pytest.mark.parametrize("width", [40, 60, 100, 400])
def test_names_that_are_typed_are_never_cut(width: int) -> None:
    names = ["layer:backbone." + "block." * deep + "conv#0:out" for deep in (0, 3, 9)]
    others = [Column("type", ["Conv2d" * 5] * 3), Column("error", ["1.0e-06"] * 3, number=True)]
    console = Console(file=io.StringIO(), width=width)
    draw_whole(console, Column("address", names), others, ["red"] * 3)
    words = console.file.getvalue().split()
    assert [word for word in words if word.startswith("layer:")] == names
    assert words.count("1.0e-06") == 3
