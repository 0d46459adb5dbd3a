from __future__ import annotations

import io

import pytest
from rich.console import Console

from harness.alignment import Alignment
from reports import terminal
from tests.unit.reports import samples


def drawn(alignment: Alignment, width: int = 100, folder: str = "runs/1") -> list[str]:
    """The lines of the report."""
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False, emoji=False)
    terminal.draw(alignment, console, folder)
    return console.file.getvalue().splitlines()


def below(lines: list[str], start: str) -> list[str]:
    """The lines of the table that begins with `start`."""
    first = next(place for place, line in enumerate(lines) if line.strip().startswith(start))
    rest = lines[first:]
    return rest[: rest.index("")] if "" in rest else rest


def test_the_sentence_comes_first() -> None:
    assert drawn(samples.alignment())[0] == "✔ jittor agrees with torch."
    assert drawn(samples.diverging())[0].startswith("✘ jittor diverges, first at")
    assert drawn(samples.hostile())[0].startswith("! ")


def test_first_and_worst_are_named_whole() -> None:
    alignment = samples.diverging()
    text = "".join(drawn(alignment)).replace("first: ", "\nfirst: ").replace("worst: ", "\nworst: ")
    assert f"\nfirst: {alignment.first}" in text
    assert f"\nworst: {alignment.worst}" in text


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("make", [samples.alignment, samples.diverging, samples.hostile])
def test_tables_fit(width: int, make: object) -> None:
    lines = [line for line in drawn(make(), width) if not line.startswith(("kept in:", "next:"))]
    assert max(map(len, lines)) <= width
    assert any("…" in line for line in lines) == (make is not samples.alignment)


def test_diverged_rows_come_first_in_the_order_of_execution() -> None:
    table = below(drawn(samples.diverging()), "address")
    assert len(table) == 11
    assert all(line.startswith("✘") for line in table[1:])
    errors = [float(line.split()[-4]) for line in table[1:]]
    assert errors == sorted(errors)
    assert table[1].split()[-4:] == ["1.0e-04", "13.3", "1.0e-06", "25"]


def test_of_many_diverged_rows_the_first_ones_and_the_worst_are_shown() -> None:
    rows = [samples.row(f"layer:a.{index}#0:out", index, 1e-3) for index in range(40)]
    rows.append(samples.row("layer:the_worst#0:out", 40, 1.0))
    table = below(drawn(samples.alignment(rows)), "address")
    assert len(table) == 1 + terminal.ROWS + 1
    assert "layer:a.0#0:out" in table[1]
    assert "layer:the_worst#0:out" in table[-2]
    assert table[-1].strip() == "and 29 more of 41 diverged tensors"


def test_without_divergence_the_rows_nearest_to_their_limit_are_shown() -> None:
    table = below(drawn(samples.alignment()), "address")
    ratios = [float(line.split()[-1]) for line in table[1:-1]]
    assert len(ratios) == terminal.ROWS
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[0] == 0.75
    assert table[-1].strip() == "and 19 more of 31 tensors"


def test_the_rest_of_the_report() -> None:
    lines = drawn(samples.diverging())
    for line in (
        "stage.3.bn.eps          1e-05      0.001",
        "compared: layer 30 of 31, output 1 of 1",
        "not compared: 1 tensor: only the reference has it",
        "only in torch: 1: layer:extra",
        "torch against up.h5: ✔ torch agrees.",
        "torch: recording changes no bit of the result",
        "jittor: recording changes the result by up to 1.0e-07, in values up to 2.0e+00",
        "kept in: runs/1",
    ):
        assert line in [found.rstrip() for found in lines]
    assert lines[-1].startswith("next: repeat it with -o ")
    costs = {line.split("  ")[0]: line.split("  ")[1:] for line in below(lines, "cost: wall (CPU)")}
    assert [cell.strip() for cell in costs["run bare"] if cell.strip()] == [
        "50 ms (100 ms)",
        "70 ms (140 ms)",
    ]
    assert "2.4 times the bare runs" in "".join(costs["whole comparison"])
    assert set(costs) >= {
        "start the framework",
        "build the model",
        "run recorded",
        "float64 run and noise",
        "peak memory",
    }


def test_a_failed_side() -> None:
    text = "\n".join(drawn(samples.hostile()))
    assert "failed: <script>" in text
    assert "last layer: <script>" in text
    assert "next: align doctor" not in text, "the environment is sound where a model fails"


def test_nothing_steers_the_terminal() -> None:
    for width in (80, 100):
        text = "\n".join(drawn(samples.hostile(), width))
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_little_is_needed() -> None:
    bare = Alignment({}, {}, {}, [], sentence="Nothing could be compared.", verdict="failed")
    assert drawn(bare, folder="")[0] == "! Nothing could be compared."


def test_one_row() -> None:
    console = Console(file=io.StringIO(), width=100, highlight=False)
    terminal.draw_row(samples.diverging().rows[25], console)
    lines = console.file.getvalue().splitlines()
    assert lines[0].startswith("layer:backbone.neck.")
    assert "absolute error, from the truth: l2 3.2e-02, max 3.2e-03" in lines
    assert "relative error: 3.2e-03" in lines
    assert "would pass: rtol 6.4e-03 or atol 3.2e-03" in lines
    console.print()
    terminal.draw_row(samples.missing("layer:a#0:out", 0), console)
    assert "· not compared: only the reference has it" in console.file.getvalue()
