from __future__ import annotations

import pytest

from harness import comparing
from harness.alignment_rows import SideReport, Source
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


def test_costs_kept_with_the_sides_are_told_too() -> None:
    sides = {"torch": SideReport(cost={"start": 2.0}), "jittor": SideReport(cost={"start": 3.0})}
    (line,) = summaries.costs(samples.alignment(costs={}, sides=sides))
    assert (line.name, line.by_side) == ("start the framework", {"torch": "2.0 s", "jittor": "3.0 s"})


def test_a_truth_from_an_earlier_run_costs_nothing() -> None:
    lines = summaries.costs(samples.alignment(costs={"truth": {"cached": True}}))
    assert [line.both for line in lines] == ["kept from an earlier run"]


@pytest.mark.parametrize("junk", [None, "x", [1], {"wall": None}, {}])
def test_costs_of_an_unknown_form_are_left_out(junk: object) -> None:
    assert summaries.costs(samples.alignment(costs={"judge": junk, "torch": {"bare": junk}})) == []


def test_what_was_left_out_is_told_by_its_reason() -> None:
    coverage = {
        "recorded": {"layer": 5},
        "compared": {"layer": 2},
        "not_compared": [{"address": f"layer:{name}#0:out", "why": "shapes differ"} for name in "ab"],
        "skipped": [{"address": "layer:c#0:out", "why": "chaotic"}],
        "fallback": ["layer:d#0:out"],
        "unpaired": {"torch": ["a", "b", "c", "d"], "jittor": []},
        "case_differences": [{"name": "seed", "reference": 1, "candidate": 2}],
    }
    told = [(item.name, item.text) for item in summaries.coverage(samples.alignment(coverage=coverage))]
    assert told == [
        ("compared", "layer 2 of 5"),
        ("not compared", "2 tensors: shapes differ"),
        ("not judged", "1 tensor: chaotic"),
        ("without a truth", "1 tensor, judged by a fixed tolerance instead"),
        ("only in torch", "4: a, b, c, …"),
        ("the cases differ", "seed is 1 and 2"),
    ]


def test_reasons_that_differ_by_the_layer_are_told_once() -> None:
    whys = [f"torch runs 2 times mean in stage.{place}, jittor 0 times" for place in range(4)]
    whys += ["torch runs once sub in stage.1, jittor 0 times", "shape [1, 2] in torch, [2, 1] in jittor"]
    gaps = [{"address": f"layer:{why}#{call}:out", "why": why} for call in range(2) for why in whys]
    found = summaries.reasons(gaps)
    assert {why: len(addresses) for why, addresses in found.items()} == {
        "torch runs 2 times mean in 4 layers (stage.0, stage.1, stage.2, …), jittor 0 times": 8,
        "torch runs once sub in stage.1, jittor 0 times": 2,
        "shape [1, 2] in torch, [2, 1] in jittor": 2,
    }


def test_next_steps_can_be_pasted_into_a_shell() -> None:
    alignment = samples.alignment([samples.row("layer:a's#0:out", 0, 1.0)])
    (step,) = summaries.next_steps(alignment, "runs/my run")
    assert step == """align show 'runs/my run/alignment.json' 'layer:a'"'"'s#0:out'"""
    assert summaries.next_steps(samples.alignment(), "runs/1") == []


def test_the_name_of_a_pair_in_a_stranger_s_file_is_no_advice() -> None:
    for told in ("evil.py", "./evil.py:PAIR", "evil:PAIR"):
        alignment = samples.diverging()
        alignment.case["pair"] = told
        alignment.sources = [Source("layer:a#0:out", "forward", ["a"], "text", entries=["x; evil"])]
        step = summaries.next_steps(alignment, "run")[-1]
        assert step == "align explain run/alignment.json --model PAIR"
        assert summaries.sources(alignment)[-1].text == "align explain --op 'x; evil'"
    alignment.case["pair"] = "toy"
    assert summaries.next_steps(alignment, "run")[-1] == "align explain run/alignment.json"
