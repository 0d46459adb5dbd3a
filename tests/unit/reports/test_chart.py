from __future__ import annotations

import math

from harness.alignment import Alignment
from reports.chart import chart
from tests.unit.reports import samples


def charted(*rows: tuple[float, float | None]) -> object:
    """The chart of layers with these errors and noises."""
    made = [samples.row(f"layer:a{index}#0:out", index, *row) for index, row in enumerate(rows)]
    return chart(samples.alignment(made))


def test_dots_run_from_left_to_right_and_rise_with_the_error() -> None:
    drawn = charted((1e-6, 1e-6), (1e-5, 1e-6), (1e-4, 1e-6))
    first, second, third = drawn.dots
    assert drawn.left < first.x < second.x < third.x < drawn.right
    assert drawn.bottom == first.y
    assert math.isclose(first.y - second.y, second.y - third.y, abs_tol=0.2)
    assert third.y == drawn.top
    assert [tick.label for tick in drawn.ticks] == ["1e-6", "1e-5", "1e-4"]


def test_the_first_divergence_is_marked() -> None:
    drawn = chart(samples.diverging())
    assert drawn.first is drawn.dots[20]
    assert drawn.first.status == "diverged"
    assert chart(samples.alignment()).first is None


def test_the_noise_is_a_line_only_where_it_is_known() -> None:
    assert len(charted((1e-6, 1e-6), (1e-6, None), (1e-6, 1e-7)).noise.split()) == 2
    assert charted((1e-6, None)).noise == ""


def test_zero_lies_at_the_bottom_and_what_is_not_finite_at_the_top() -> None:
    drawn = charted((0.0, 1e-6), (math.inf, 1e-6), (math.nan, 1e-6), (1e-5, 1e-6))
    assert [dot.y for dot in drawn.dots[:3]] == [drawn.bottom, drawn.top, drawn.top]
    assert drawn.zeros


def test_all_zero() -> None:
    drawn = charted((0.0, 0.0))
    assert drawn.dots[0].y == drawn.bottom
    assert drawn.ticks


def test_many_decades_have_few_ticks() -> None:
    assert len(charted((1e-30, 1e-6), (1e30, 1e-6)).ticks) <= 9


def test_only_outputs_of_layers_are_drawn() -> None:
    rows = [
        samples.row(f"layer:a#0:{role}", place) for place, role in enumerate(("in.0", "out", "out.b", "grad"))
    ]
    rows.append(samples.row("output:0", 4))
    assert [dot.address for dot in chart(samples.alignment(rows)).dots] == [
        "layer:a#0:out",
        "layer:a#0:out.b",
    ]
    assert chart(Alignment({}, {}, {}, [])) is None


def test_a_large_model_is_thinned_without_losing_its_worst() -> None:
    rows = [samples.row(f"layer:a{index}#0:out", index, 1e-6) for index in range(10_000)]
    rows[5001] = samples.row("layer:bad#0:out", 5001, 1e-2)
    drawn = chart(samples.alignment(rows))
    assert len(drawn.dots) <= 3000
    assert drawn.first.address == "layer:bad#0:out"
