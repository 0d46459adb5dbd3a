"""An evaluation in the terminal, in Markdown and as CSV: the same figures in each."""

from __future__ import annotations

import csv
import io

import pytest
from rich.console import Console

from reports.evaluation import csv as as_csv
from reports.evaluation import document, draw, markdown
from tests.unit.evaluating.samples import made


def drawn(width: int = 100, **changes: float) -> str:
    """What the terminal shows."""
    text = io.StringIO()
    draw(made(**changes), Console(file=text, width=width), "runs/x")
    return text.getvalue()


def test_the_terminal_shows_metrics_samples_and_what_is_broken() -> None:
    shown = drawn()
    for word in ("aligned", "mIoU", "0.8", "all 3 samples", "n|1", "as it is", "n9: it is damaged", "runs/x"):
        assert word in shown


@pytest.mark.parametrize("width", [60, 100, 140])
def test_it_fits_the_terminal(width: int) -> None:
    assert max(map(len, drawn(width, port=0.7, ratio=3.0).splitlines()[1:9])) <= width


def test_a_sample_that_diverged_is_shown_first() -> None:
    shown = drawn(ratio=30.0)
    assert "diverged: The outputs of 1 of 3 samples are beyond noise." in shown
    assert "n|2" in shown
    assert "n|0" not in shown


def test_markdown_is_a_table_of_as_many_cells_in_each_row() -> None:
    lines = [line for line in markdown(made(port=0.7)).splitlines() if line.startswith("|")]
    assert len(lines) == 3
    assert {line.count("|") for line in lines} == {8}
    assert "| mIoU | 0.8 | 0.7 | -1.0e-01 | 1.3e-01 | 1 % | diverged |" in lines


def test_csv_has_a_line_a_sample() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(made()))))
    assert [row["name"] for row in rows] == ["n|1", "n|0", "n|2"]
    assert float(rows[0]["reference"]) == 0.5


def test_the_document_says_how_the_command_ends() -> None:
    assert document(made(), "x")["exit_code"] == 0
    assert document(made(port=0.5), "x")["exit_code"] == 1
    assert document(made(empty=["nothing"]), "x")["exit_code"] == 5
