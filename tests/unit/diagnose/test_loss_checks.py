"""Comparisons of a loss that are others or hold everywhere, and which of several edits are worth telling."""

from __future__ import annotations

from harness.answers import LossOperation, LossTensor
from harness.diagnose import loss_checks, losses
from harness.requests import CODE, Edit

MASK = LossTensor("gt.0", [4])
GREATER = LossOperation(
    "gt.0", "gt", {"1": 0.5}, [], 1, 1, [4], {}, [LossTensor("score", [4])], MASK, "inside (a.py, line 3)"
)
PRODUCT = LossOperation("mul.0", "mul", {}, [], 2, 1, [4], {}, [LossTensor("score", [4]), MASK])
BEFORE = [[Edit("min.0", "before", function=name)] for name in ("sigmoid", "abs", "exp")]
HOLDS = [Edit("gt.0", "holds", value=True)]


def test_a_comparison_holds_everywhere_or_nowhere_or_is_another_one() -> None:
    found = dict(loss_checks.edits([GREATER, PRODUCT]))
    assert found["gt.0 holds everywhere: the check is missing"] == HOLDS
    assert found["gt.0 holds nowhere: what it chooses is left out"] == [Edit("gt.0", "holds", value=False)]
    assert found["gt.0 is ge in place of gt"] == [Edit("gt.0", "function", function="ge")]
    assert found["input 0 of gt.0 is one more: the check is off by one"] == [
        Edit("gt.0", "before", function="add", value=[1])
    ]
    assert {edit.path for edits in found.values() for edit in edits} == {"gt.0"}


def test_only_the_number_of_a_comparison_is_edited_otherwise() -> None:
    found = dict(losses.edits([GREATER]))
    assert "gt.0 has 1 in place of 0.5" in found
    assert {edit.how for edits in found.values() for edit in edits} == {"argument"}


def test_what_a_comparison_returns_is_no_tensor_to_take_for_another() -> None:
    later = LossOperation("exp.0", "exp", {}, [], 1, 1, [4], {}, [LossTensor("score", [4])])
    assert not any("gt.0" in words for words, _ in losses.taken([GREATER, later], [later]))


def test_a_check_that_is_missing_is_told_before_all_that_makes_it_hold() -> None:
    other = [Edit("mul.0", "input", place=0)]
    assert loss_checks.alike([*BEFORE, other, HOLDS]) == [4, 3]


def test_unrelated_functions_of_one_tensor_tell_nothing_and_two_or_others_do() -> None:
    assert loss_checks.alike(BEFORE) == []
    assert loss_checks.alike([*BEFORE, [Edit("mul.0", "exchanged")]]) == [3]
    assert loss_checks.alike(BEFORE[:2]) == [0, 1]
    elsewhere = [Edit("min.1", "before", function="square")]
    assert loss_checks.alike([*BEFORE[:2], elsewhere]) == [0, 1, 2]
    assert loss_checks.alike([]) == []


def test_a_setting_is_likelier_than_a_step_left_out_and_this_than_any_function() -> None:
    square = "", [Edit("mean.0", "before", function="square")]
    left_out = "", [Edit("add.0", "input")]
    smooth = "", [Edit("abs.0", "distance", function="smooth_l1", value=1.0)]
    setting = "", [Edit("pow.0", "argument", name="1", value=2.0)]
    found = sorted([square, smooth, setting, left_out], key=loss_checks.far_fetched)
    assert found == [setting, left_out, smooth, square]


def test_a_function_before_is_arbitrary_and_a_sign_or_a_setting_is_not() -> None:
    square = Edit("mean.0", "before", function="square")
    assert loss_checks.is_arbitrary([square])
    assert not loss_checks.is_arbitrary([Edit("mean.0", "before", function="neg")])
    assert not loss_checks.is_arbitrary([square, Edit("add.0", "input")])
    assert not loss_checks.is_arbitrary([Edit("long.0", "before", function="round")])


def slip(place: int, new: str) -> tuple[str, list[Edit]]:
    return new, [Edit("made.py:1", "code", value=[[place, place + 1, new]], place=place)]


def test_where_several_slips_in_one_place_give_the_same_what_stands_elsewhere_is_told_first() -> None:
    numbers, other = [slip(3, new) for new in ("0", "1", "2")], slip(9, "min")
    assert loss_checks.definite_first([*numbers, other]) == [other, *numbers]
    assert loss_checks.definite_first([*numbers[:2], other]) == [*numbers[:2], other]


def test_slips_in_many_places_are_told_from_none() -> None:
    assert loss_checks.scattered([slip(place, "0")[1] for place in range(7)])
    assert not loss_checks.scattered([slip(place % 6, "0")[1] for place in range(12)])


def test_of_changes_that_give_the_same_one_of_each_place_comes_first() -> None:
    where = {"topk.0": "nearest (a.py, line 3)", "mul.0": "nearest (a.py, line 4)"}
    first, again = (("x", [Edit("topk.0", "argument", name="1", value=count)]) for count in (8, 10))
    other = "y", [Edit("mul.0", "input")]
    slip = "in nearest (a.py, line 4), `a` is `b`: z", [Edit("a.py:1", CODE, value=[[0, 1, "b"]])]
    found = loss_checks.of_each_place([first, again, other, slip], where)
    assert found == [first, other, again, slip]
    assert not loss_checks.in_many_places(found, where)
    assert loss_checks.in_many_places([*found, ("z", [Edit("sqrt.0", "input")])], {})
