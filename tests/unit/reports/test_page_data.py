from __future__ import annotations

import json
import math

from harness.alignment import Alignment
from reports.page_data import MOST_ROWS, folded, page_data
from reports.series import by_depth
from tests.unit.reports import samples
from tests.unit.reports.page_rows import rows_of


def test_an_input_that_repeats_its_producer_is_folded_away_and_no_other_is() -> None:
    made = samples.row("layer:a#0:out", 0, 1e-6)
    same, other, worse = (samples.row(f"layer:b{n}#0:in.0", n, 1e-6) for n in (1, 2, 3))
    same.inputs, other.inputs = [made.address], [made.address, "input:x"]
    worse = samples.row("layer:b3#0:in.0", 3, 1e-2)
    worse.inputs = [made.address]
    result = samples.row("layer:c#0:out", 4, 1e-6)
    result.inputs = [made.address]
    assert folded([made, same, other, worse, result]) == {same.address}


def test_figures_are_those_of_the_rows_and_any_number_is_json() -> None:
    rows = [samples.row(f"layer:a{n}#0:out", n, error) for n, error in enumerate((1.23456e-4, 0.0, math.inf))]
    data = page_data(samples.alignment(rows))
    assert [row["error"] for row in rows_of(data)][:3] == [0.000123, 0.0, "inf"]
    json.dumps(data, allow_nan=False)


def test_leaves_are_reported_from_modules() -> None:
    rows = [
        samples.row(f"layer:{path}#0:out", n) for n, path in enumerate(("a.b", "a", "a/add.0", "(model)"))
    ]
    data = page_data(samples.alignment(rows))
    assert [row["leaf"] for row in rows_of(data)][:4] == [1, 0, 1, 0]


def test_a_large_alignment_keeps_what_did_not_align_and_the_worst() -> None:
    rows = [samples.row(f"layer:a{n}#0:out", n, 1e-7) for n in range(MOST_ROWS + 500)]
    rows[-1] = samples.row("layer:bad#0:out", len(rows) - 1, 1e-2)
    data = page_data(samples.alignment(rows))
    kept = rows_of(data)
    assert len(kept) <= MOST_ROWS
    assert "layer:bad#0:out" in [row["address"] for row in kept]
    assert data["tensors"] == len(rows) + 1


def test_charts_are_of_results_gradients_and_parameters() -> None:
    addresses = (
        "layer:a#0:in.0",
        "layer:a#0:out",
        "layer:a#0:out.b",
        "layer:a#0:grad",
        "grad:a.w",
        "output:0",
    )
    rows = [
        samples.row(address, n, 0.0 if address == "layer:a#0:out" else 1e-6)
        for n, address in enumerate(addresses)
    ]
    charts = by_depth(samples.alignment(rows))
    assert [[row.address for row in chart.rows] for chart in charts] == [
        ["layer:a#0:out", "layer:a#0:out.b"],
        ["layer:a#0:grad"],
        ["grad:a.w"],
    ]
    assert charts[0].text == (
        "Relative error of 2 tensors in the order of computation: largest 1.0e-06 at layer:a#0:out.b. "
        "Not drawn, because equal: 1."
    )
    assert by_depth(Alignment({}, {}, {}, [])) == []
