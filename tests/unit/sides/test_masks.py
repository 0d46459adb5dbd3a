"""A draw has the numbers of its place, whatever else is drawn; a repeated call draws them again."""

from __future__ import annotations

import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.dropout import Draw, DropoutPlan, alone
from harness.sides.masks import Masks, keeps_small, rehearsed, uniform

PLAN = DropoutPlan("shared")


def shared(**more: dict[str, str]) -> Masks:
    """Masks of a case."""
    masks = Masks()
    masks.plan = DropoutPlan("shared", **more)  # type: ignore[arg-type]
    masks.restart()
    return masks


def drawn(masks: Masks, *paths: str) -> list[bytes]:
    """What is drawn in calls of these modules, one after another."""
    found = []
    for path in paths:
        masks.enter(path)
        found.append(masks.uniform([3, 4]).tobytes())
        masks.leave()
    return found


def test_a_missing_call_shifts_nothing() -> None:
    first, second, again = drawn(shared(), "a", "b", "a")
    assert drawn(shared(), "b") == [second]
    assert drawn(shared(), "a", "a") == [first, again]
    assert len({first, second, again}) == 3


def test_what_is_drawn_first_within_a_call_is_not_drawn_second() -> None:
    masks = shared()
    masks.enter("a")
    assert not np.array_equal(masks.uniform([5]), masks.uniform([5]))
    assert [draw.place for draw in masks.draws] == ["a#0.0", "a#0.1"]


def test_the_shape_changes_the_order_alone() -> None:
    assert np.array_equal(uniform(PLAN, "a", (2, 6)).reshape(-1), uniform(PLAN, "a", (12,)))
    assert not np.array_equal(uniform(PLAN, "a", (12,)), uniform(DropoutPlan(seed=1), "a", (12,)))


def test_each_pass_of_a_training_draws_anew_and_the_first_what_a_comparison_draws() -> None:
    masks, seen = Masks(), []
    for number in (0, 1, 2, 1):
        masks.plan = replace(PLAN, number=number)
        masks.restart()
        seen.append((*drawn(masks, "a"), masks.normal([12]).tobytes()))
    assert seen[0][0] == drawn(shared(), "a")[0]
    assert seen[1] == seen[3]
    assert len({uniform for uniform, _ in seen}) == len({normal for _, normal in seen}) == 3


def test_numbers_are_even_and_never_a_simple_fraction() -> None:
    many = uniform(PLAN, "a", (200_000,))
    assert 0 < many.min() < many.max() < 1
    for rate in (0.1, 0.25, 0.5, 0.9):
        assert abs((many >= rate).mean() - (1 - rate)) < 0.01
        assert not np.any(many == np.float32(rate))
    assert Fraction(float(many[0])).denominator == 1 << 17


def test_of_a_few_some_are_dropped_and_some_are_kept() -> None:
    for place in "abcdefgh":
        assert (uniform(PLAN, place, (4, 1, 1)) < 0.5).sum() == 2


def test_a_call_is_repeated_with_what_it_drew() -> None:
    masks = shared()
    drawn(masks, "a", "a")
    position = masks.position()
    (third,) = drawn(masks, "a")
    drawn(masks, "b")
    masks.go_to(position)
    assert drawn(masks, "a") == [third]


def test_a_plan_moves_draws_and_switches_them_off() -> None:
    (theirs,) = drawn(shared(), "block.drop")
    masks = shared(moved={"block#0.0": "block.drop#0.0"}, off={"c#0.0": "so"})
    assert drawn(masks, "block") == [theirs]
    masks.enter("c")
    assert masks.is_off([2, 3])
    assert masks.silences("c")
    assert not masks.silences("block")
    assert masks.draws[1] == Draw("c#0.0", [2, 3], "so")
    assert masks.draws[0].place == "block.drop#0.0"


def test_a_module_that_is_silent_as_a_whole_is_noted() -> None:
    masks = shared(off={"c#0.0": "in a kernel"})
    assert masks.silences("c")
    masks.restart()
    drawn(masks, "a")
    assert masks.noted() == [Draw("a#0.0", [3, 4]), Draw("c#0.0", [], "in a kernel")]
    masks.plan = DropoutPlan("shared")
    assert masks.noted() == [Draw("a#0.0", [3, 4])]


def test_without_a_plan_every_dropout_is_silent() -> None:
    assert Masks().silences("a")


def test_what_draws_without_a_mask_is_told() -> None:
    masks = shared()
    drawn(masks, "a")
    assert masks.without_masks(["rand in a", "rand in b"]) == ["rand in b"]


KEEPS = {"large": lambda numbers, rate: numbers >= rate, "small": lambda numbers, rate: numbers < 1 - rate}


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (4, 1), (4, 6)])
@pytest.mark.parametrize("kind", KEEPS)
def test_a_rehearsal_shows_which_numbers_a_dropout_keeps(
    kind: str, shape: tuple[int, ...], rate: float
) -> None:
    given = np.maximum(np.random.default_rng(0).normal(size=(shape[0], 6)), 0)
    assert given.any()
    numbers = rehearsed(PLAN, "a", shape)
    assert numbers.min() > 0
    assert numbers.max() < 1
    assert keeps_small(numbers, given, given * KEEPS[kind](numbers, rate)) == (kind == "small")


def test_what_is_no_dropout_of_its_input_keeps_nothing_small() -> None:
    numbers, rng = rehearsed(PLAN, "a", (4, 6)), np.random.default_rng(1)
    given = rng.normal(size=(4, 6))
    assert not keeps_small(numbers, given, np.maximum(given, 0))
    assert not keeps_small(numbers, given, given * (numbers < 0.5) + given)
    assert not keeps_small(numbers, given, given[:2])
    assert not keeps_small(numbers, given[:3], given[:3])


@pytest.mark.parametrize("kind", KEEPS)
def test_reversed_numbers_let_both_kinds_keep_the_same(kind: str) -> None:
    given = np.ones((8, 3), np.float32)

    def drop_path(given: NDArray[np.float32]) -> NDArray[np.float32]:
        numbers = masks.own_uniform((8, 1), sys._getframe(), lambda value: np.array(value))
        found: NDArray[np.float32] = given * KEEPS[kind](numbers, 0.25)
        return found

    def drop(masks: Masks) -> NDArray[np.float32]:
        masks.restart()
        masks.enter("path")
        found = drop_path(given)
        masks.leave()
        return found

    masks = shared()
    masks.plan = replace(masks.plan, rehearsal=True)
    drop(masks)
    own = alone(masks.draws)
    assert own.reversed == (["path#0.0"] if kind == "small" else [])
    masks.plan = DropoutPlan("shared", reversed=own.reversed)
    assert np.array_equal(drop(masks), given * (uniform(PLAN, "path#0.0", (8, 1)) >= 0.25))
    assert np.array_equal(
        masks.drawn_in("path", 0)[0] >= 0.25, uniform(PLAN, "path#0.0", (8, 1)) >= 0.25
    ) == (kind == "large")
