"""Edits of a loss beyond those that are listed: defaults, other tensors, numbers that are solved for."""

from __future__ import annotations

import numpy as np
import pytest

from harness.answers import LossOperation, LossTensor
from harness.diagnose import loss_pairs, losses
from harness.requests import Edit

SHARE, MASK = LossTensor("sigmoid.0", [2, 3]), LossTensor("mul.0:1", [2, 3])
ENTROPY = LossOperation(
    "cross_entropy.0", "cross_entropy", {"label_smoothing": 0.1}, [], 2, 2, [2, 3],
    {"label_smoothing": 0.0, "weight": None, "reduction": "mean"},
)  # fmt: skip
SIGMOID = LossOperation(
    "sigmoid.0", "sigmoid", {}, [], 1, 2, [2, 3], {}, [LossTensor("sigmoid.0:0", [2, 3])], SHARE
)
PRODUCT = LossOperation("mul.0", "mul", {}, [], 2, 2, [2, 3], {}, [SHARE, MASK], LossTensor("mul.0", [2, 3]))
SUM = LossOperation(
    "sum.0", "sum", {}, [], 1, 2, [2, 3], {}, [LossTensor("mul.0", [2, 3])], LossTensor("sum.0", [])
)
WHOLE = [SIGMOID, PRODUCT, SUM]


def test_what_is_given_may_be_forgotten_so_that_the_default_stands() -> None:
    found = dict(losses.defaults([ENTROPY]))
    assert found["cross_entropy.0 has label_smoothing=0, the default"] == [
        Edit("cross_entropy.0", "argument", name="label_smoothing", value=0.0)
    ]
    assert "cross_entropy.0 has weight=None, the default" in found  # it may have been a tensor
    assert not any("reduction" in words for words in found)  # it is the default already


def test_only_tensors_of_the_same_sizes_that_are_there_by_then_are_taken() -> None:
    found = dict(losses.taken(WHOLE, WHOLE))
    words = "input 0 of mul.0 is input 0 of sigmoid.0, not the result of sigmoid.0: sigmoid.0 is left out"
    assert found[words] == [Edit("mul.0", "taken", place=0, function="sigmoid.0:0")]
    assert (
        "input 0 of sigmoid.0 stands in the place of the result of mul.0: what lies between is left out"
        in found
    )
    assert "the mean of the result of mul.0 stands in the place of the result of sum.0" in found
    assert not any(words.startswith("input 0 of sigmoid.0 is") for words in found)


def test_a_result_may_be_of_logarithms_to_another_base() -> None:
    found = dict(losses.edits([SUM]))
    (edit,) = found["the result of sum.0 is divided by log(2), as of logarithms to the base 2"]
    assert edit.value == pytest.approx(1 / np.log(2))


def test_a_factor_that_has_a_name_is_told_by_it() -> None:
    found = dict(losses.edits([SUM]))
    (edit,) = next(edits for words, edits in found.items() if "decibels" in words)
    assert edit.value == pytest.approx(10 / np.log(10))
    assert not any("decibels" in words for words, _ in losses.edits([SIGMOID]))  # it is no single number


def test_only_what_is_concerned_is_edited() -> None:
    assert {edit.path for _, edits in losses.taken(WHOLE, [SUM]) for edit in edits} == {"sum.0"}


def test_a_default_number_a_repeated_one_and_a_scalar_are_solved_for() -> None:
    one = LossOperation("add.0", "add", {"1": 1.0}, [], 1, 1, [2])
    two = LossOperation("add.1", "add", {"1": 1.0}, [], 1, 1, [2])
    share = LossOperation(
        "div.0", "div", {}, [], 2, 0, [], {}, [LossTensor("a", []), LossTensor("sum.0", [])]
    )
    said = [number.said(0.5) for number in losses.numbers([ENTROPY, one, two, share])]
    assert "cross_entropy.0 has 0.5 in place of 0.1 (label_smoothing=0.5) (solved for)" in said
    assert "0.5 stands in place of 1 in add.0 and add.1 (solved for)" in said
    assert "input 1 of div.0 is 0.5, not the result of sum.0 (solved for)" in said


def test_reductions_over_the_same_axes_run_over_others_together() -> None:
    other = LossOperation(
        "sum.1", "sum", {}, [], 1, 2, [2, 3], {}, [LossTensor("x", [2, 3])], LossTensor("sum.1", [])
    )
    found = dict(loss_pairs.pairs([SUM, other]))
    assert [edit.path for edit in found["sum.0 and sum.1 run over axes (1,)"]] == ["sum.0", "sum.1"]


def test_nothing_is_taken_that_leaves_only_zeros() -> None:
    hull = LossOperation("mul.1", "mul", {}, [], 2, 1, [3], {}, [], LossTensor("mul.1", [3]))
    union = LossOperation("add.0", "add", {}, [], 2, 1, [3], {}, [], LossTensor("add.0", [3]))
    given = [LossTensor("mul.1", [3]), LossTensor("add.0", [3])]
    gap = LossOperation("sub.0", "sub", {}, [], 2, 1, [3], {}, given, LossTensor("sub.0", [3]))
    assert list(losses.taken([hull, union, gap], [union, gap])) == []


def test_a_switch_and_a_count_are_others_in_one_place_and_in_all() -> None:
    places = [
        LossOperation(f"topk.{number}", "topk", {"1": 13, "largest": False}, [], 1, 2, [2, 50])
        for number in range(2)
    ]
    alone = dict(losses.edits(places))
    assert alone["topk.0 has largest=True"] == [Edit("topk.0", "argument", name="largest", value=True)]
    assert alone["topk.1 has 1=10"] == [Edit("topk.1", "argument", name="1", value=10)]
    both = dict(loss_pairs.settings(places))
    assert both["topk.0 and topk.1 have largest=True"] == [
        Edit(f"topk.{number}", "argument", name="largest", value=True) for number in range(2)
    ]


def test_inputs_of_two_terms_of_a_sum_are_exchanged() -> None:
    below, above = LossTensor("below", [3]), LossTensor("above", [3])
    share, rest = LossTensor("share", [3]), LossTensor("sub.0", [3])
    one, other = (LossTensor(f"mul.{number}", [3]) for number in range(2))
    terms = [
        LossOperation("mul.0", "mul", {}, [], 2, 1, [3], {}, [below, rest], one),
        LossOperation("mul.1", "mul", {}, [], 2, 1, [3], {}, [above, share], other),
        LossOperation("add.0", "add", {}, [], 2, 1, [3], {}, [one, other], LossTensor("add.0", [3])),
    ]
    found = dict(loss_pairs.pairs(terms))
    assert found["input 1 of mul.0 and input 1 of mul.1 are exchanged"] == [
        Edit("mul.0", "taken", place=1, function="share"),
        Edit("mul.1", "taken", place=1, function="sub.0"),
    ]


def test_what_stops_gradients_is_left_out_alone_and_altogether() -> None:
    stops = [LossOperation(f"detach.{number}", "detach", {}, [], 1, 1, [3]) for number in range(2)]
    first, second, both, *_ = losses.detachments(stops)
    assert first[1] == [Edit("detach.0", "input")]
    assert second[1] == [Edit("detach.1", "input")]
    assert both[1] == [*first[1], *second[1]]


def test_what_a_loss_is_divided_by_is_called_so() -> None:
    count, total = LossTensor("mul.9", [2, 3]), LossTensor("sum.9", [])
    summed = LossOperation("sum.9", "sum", {}, [], 1, 2, [2, 3], {}, [count], total)
    ratio = LossOperation("div.9", "div", {}, [], 2, 0, [], {}, [LossTensor("sum.0", []), total])
    said = [words for words, _ in losses.taken([*WHOLE, summed, ratio], [summed])]
    assert any(words.endswith("(div.9 divides by it)") for words in said)


def test_what_one_place_in_the_code_runs_twice_is_changed_in_both_runs() -> None:
    runs = [
        LossOperation(f"prod.{number}", "prod", {}, [], 1, 2, [2, 3], where="area (loss.py, line 3)")
        for number in range(2)
    ]
    elsewhere = LossOperation("prod.2", "prod", {}, [], 1, 2, [2, 3], where="other (loss.py, line 9)")
    found = dict(loss_pairs.everywhere([*runs, elsewhere], losses.edits))
    assert found["prod.0 is left out, and in prod.1 alike"] == [
        Edit("prod.0", "input"),
        Edit("prod.1", "input"),
    ]
    assert not any("prod.2" in words for words in found)
