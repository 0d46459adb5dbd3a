from __future__ import annotations

import json
import math
import random

import pytest

from reports.columns import figures, named, packed, runs, steps, tabled
from reports.page_data import FIELDS, folded, page_data
from reports.words import bits, size
from tests.unit.reports import samples
from tests.unit.reports.page_rows import addresses, listed, long, number, places, rows_of


def test_what_repeats_is_said_once() -> None:
    assert runs("aaab") == [["a", 3], "b"]
    assert steps([0, 1, 2, 3, 7, 6]) == [0, [1, 3], 4, -1]
    assert tabled([[1], [1], [1, 2], "x"]) == [[(1,), (1, 2), "x"], [[0, 2], 1, 2]]
    assert runs([]) == steps([]) == []


def test_columns_are_read_back_as_they_were() -> None:
    drawn = random.Random(0)
    for _ in range(50):
        values = [drawn.choice([0, 1, None, "b", 2.5]) for _ in range(drawn.randrange(40))]
        numbers = [drawn.randrange(-9, 9) for _ in values]
        assert long(runs(values)) == values
        assert places(steps(numbers)) == numbers
        assert listed(*tabled(values)) == values


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (1.0, "1"), (100.0, "1e2"), (0.0116, "116e-4"), (1.26e-7, "126e-9"), (-0.5, "-0.5"),
        (5e-324, "494e-326"), (1.797e308, "18e307"), (None, "-"), ("inf", "inf"), ("nan", "nan"),
    ],
)  # fmt: skip
def test_a_figure_takes_few_letters(value: float | str | None, text: str) -> None:
    assert figures([value]) == text
    read = number(text)
    if isinstance(value, float):
        assert read == pytest.approx(value, rel=5e-3) or value > 1e308
    else:
        assert read == value


def test_any_address_is_read_back_letter_for_letter() -> None:
    pieces = (
        "layer:",
        "grad:",
        "state:",
        "output:",
        "a",
        "b.c",
        "/add.0",
        "#0",
        ":out",
        ".",
        "#",
        "\U0001f600",
        "\u4e2d",
        "",
    )
    drawn = random.Random(1)
    found = ["".join(drawn.choices(pieces, k=6)) for _ in range(300)]
    assert addresses(json.loads(json.dumps(named(found)))) == found


def test_every_row_of_a_real_run_is_on_its_page() -> None:
    alignment = samples.kept("l2sknet-train")
    hidden = folded(alignment.rows)
    rows = {row.address: row for row in alignment.rows if row.address not in hidden}
    data = page_data(alignment)
    shown = rows_of(json.loads(json.dumps(data)))
    assert {one["address"] for one in shown} == rows.keys()
    for one in shown:
        row = rows[one["address"]]
        error = row.measured.error if row.measured else None
        assert data["states"][one["status"]] == row.verdict.status
        assert data["types"][one["type"]] == row.type
        assert one["shape"] == size(row.shape)
        assert one["bits"] == bits(error)
        assert one["ratio"] == pytest.approx(row.verdict.ratio, rel=5e-3)
        assert (one["error"] is None) == (error is None)
        assert error is None or math.isclose(one["error"], error, rel_tol=5e-3)
        takes = [
            shown[one["place"] - back]["address"] if isinstance(back, int) else back for back in one["in"]
        ]
        assert takes == row.inputs


def test_no_row_has_no_columns() -> None:
    assert packed([], FIELDS) == {}
