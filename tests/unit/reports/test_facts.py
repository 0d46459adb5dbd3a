from __future__ import annotations

import pytest

from harness import comparing
from harness.alignment import Alignment
from harness.alignment_rows import SideReport
from harness.costs import Costs, Spent
from harness.coverage import CaseDifference, Coverage, Gap
from harness.errors import BadInput
from harness.verdict import NoisePolicy
from reports import summaries
from tests.unit.reports import samples


def training() -> list:
    """Two layers forward, and the gradients of their weights: alphabetical, unlike the backward pass."""
    errors = {"layer:b#0:out": 1e-6, "layer:a#0:out": 1e-6, "grad:a.weight": 1e-3, "grad:b.weight": 1e-2}
    return [samples.row(address, place, error) for place, (address, error) in enumerate(errors.items())]


def test_the_first_of_the_diverged_rows_is_the_first_divergence() -> None:
    alignment = comparing.rejudge(samples.alignment(training()), NoisePolicy())
    found = [row.address for row in summaries.diverged(alignment)]
    assert found == ["grad:a.weight", "grad:b.weight"]
    assert alignment.first == found[0]
    backward = comparing.rejudge(samples.alignment(training()[::-1]), NoisePolicy())
    assert backward.first == summaries.diverged(backward)[0].address


def test_errors_are_relative_to_the_truth_or_else_to_the_reference() -> None:
    assert summaries.error(samples.row("layer:a#0:out", 0, 1e-3)) == pytest.approx(1e-3)
    assert summaries.noise(samples.row("layer:a#0:out", 0, noise=1e-5)) == pytest.approx(1e-5)
    without = samples.row("layer:a#0:out", 0, 1e-3, noise=None)
    assert summaries.error(without) == 1e-3
    assert summaries.noise(without) is None
    assert summaries.error(samples.missing("layer:a#0:out", 0)) is None
    assert summaries.noise(samples.missing("layer:a#0:out", 0)) is None


def test_costs_that_the_traces_have_are_reported_too() -> None:
    sides = {"torch": SideReport(cost=Spent(wall=2.0)), "jittor": SideReport(cost=Spent(wall=3.0))}
    (line,) = summaries.costs(samples.alignment(costs=Costs(), sides=sides))
    assert (line.name, line.by_side) == ("run recorded", {"torch": "2.0 s", "jittor": "3.0 s"})


@pytest.mark.parametrize(
    ("peak", "shown"), [(1 << 24, ["run recorded", "peak memory"]), (4096, ["run recorded"])]
)
def test_a_rise_of_memory_that_is_no_figure_is_not_shown(peak: int, shown: list[str]) -> None:
    sides = {"torch": SideReport(cost=Spent(cpu=1.0, peak_bytes=peak))}
    lines = summaries.costs(samples.alignment(costs=Costs(), sides=sides))
    assert [line.name for line in lines] == shown


def test_a_truth_from_an_earlier_run_costs_nothing() -> None:
    lines = summaries.costs(samples.alignment(costs=Costs(truth=Spent(cached=True))))
    assert [line.both for line in lines] == ["kept from an earlier run"]


@pytest.mark.parametrize("nothing", [None, {"wall": None}, {}])
def test_costs_that_are_not_known_are_left_out(nothing: object) -> None:
    data = samples.alignment().to_dict()
    data["costs"] = {"judge": nothing, "torch": {"bare": nothing}}
    assert summaries.costs(Alignment.from_dict(data)) == []


@pytest.mark.parametrize("odd", ["x", [1], {"wall": "x"}, {"seconds": 1.0}])
def test_costs_of_another_form_are_refused(odd: object) -> None:
    data = samples.alignment().to_dict()
    data["costs"] = {"torch": {"bare": odd}}
    with pytest.raises(BadInput, match=r"costs\.torch\.bare"):
        Alignment.from_dict(data)


def test_what_was_left_out_is_reported_by_its_reason() -> None:
    coverage = Coverage(
        recorded={"layer": 5},
        compared={"layer": 2},
        not_compared=[Gap(f"layer:{name}#0:out", "shapes differ") for name in "ab"],
        skipped=[Gap("layer:c#0:out", "chaotic")],
        fallback=["layer:d#0:out"],
        unpaired={"torch": ["a", "b", "c", "d"], "jittor": []},
        case_differences=[CaseDifference("seed", 1, 2)],
    )
    expected = [(item.name, item.text) for item in summaries.coverage(samples.alignment(coverage=coverage))]
    assert expected == [
        ("compared", "layer 2 of 5"),
        ("not compared", "2 tensors: shapes differ"),
        ("not judged", "1 tensor: chaotic"),
        ("without a truth", "1 tensor, judged by a fixed tolerance instead"),
        ("only in torch", "4: a, b, c, …"),
        ("the cases differ", "seed is 1 and 2"),
    ]


def test_reasons_that_differ_by_the_layer_are_reported_once() -> None:
    whys = [f"torch runs 2 times mean in stage.{place}, jittor 0 times" for place in range(4)]
    whys += ["torch runs once sub in stage.1, jittor 0 times", "shape [1, 2] in torch, [2, 1] in jittor"]
    gaps = [Gap(f"layer:{why}#{call}:out", why) for call in range(2) for why in whys]
    found = summaries.reasons(gaps)
    assert {why: len(addresses) for why, addresses in found.items()} == {
        "torch runs 2 times mean in 4 layers (stage.0, stage.1, stage.2, …), jittor 0 times": 8,
        "torch runs once sub in stage.1, jittor 0 times": 2,
        "shape [1, 2] in torch, [2, 1] in jittor": 2,
    }
