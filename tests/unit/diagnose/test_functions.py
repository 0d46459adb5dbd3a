"""One reduction in the place of two steps: a mean where a sum is divided by something else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.diagnose import Cause, DifferingLayer, Producer, explain_formula, explain_given, functions

MAP = np.random.default_rng(9).standard_normal((1, 6, 4, 5)).astype(np.float32)
TOTAL, AREA = MAP.sum((2, 3), keepdims=True), np.full((1, 1, 1, 1), 7, np.float32)
PRODUCER = Producer("div.0", {"sum.0": TOTAL, "area.0": AREA}, {"map": MAP, "mask": np.abs(MAP)})


def explained(port: Any) -> Cause:
    floor = 1e-5 * float(np.linalg.norm(TOTAL))
    return explain_given(
        DifferingLayer("cat", reference=TOTAL / AREA, port=port, floor=floor, producer=PRODUCER), {}
    )


def test_a_mean_in_the_place_of_a_sum_and_a_division_is_told_and_blames_the_division() -> None:
    found = explained(MAP.mean((2, 3), keepdims=True))
    assert (
        "of the reference's map (their sum divided by how many there are, 20), in the place of div.0."
        in found.sentence
    )
    assert found.culprits == ("div.0",)
    assert found.also == ()  # an axis of size 1 changes nothing


def test_the_largest_of_what_is_summed_is_told_too_and_another_factor_is_none() -> None:
    assert "the largest (max) over axes 2 and 3" in explained(MAP.max((2, 3), keepdims=True)).sentence
    assert not explained(TOTAL * 0.123).found


IMAGE = np.random.default_rng(3).random((2, 3, 5, 5)).astype(np.float32)


@pytest.mark.parametrize(
    ("port", "words"),
    [
        (np.floor(IMAGE * 255) / 255, "the multiple of 1/255, rounded down (quantised), of"),
        (np.round(IMAGE * 100) / 100, "the multiple of 1/100, rounded (quantised), of"),
        ((IMAGE >= 0.5), "the rounded of"),
        (np.where(IMAGE - 0.4 > 0, 1, 0), None),
        (
            IMAGE / np.linalg.norm(IMAGE, axis=1, keepdims=True),
            "brought to length one (normalised by its L2 norm)",
        ),
        (IMAGE / IMAGE.sum((1,), keepdims=True), "brought to the sum one (normalised) along axis 1"),
    ],
)
def test_what_is_quantised_or_normalised_is_told(port: Any, words: str | None) -> None:
    floor = 1e-6 * float(np.linalg.norm(IMAGE))
    given = DifferingLayer("conv", reference=IMAGE, port=port.astype(np.float32), floor=floor)
    found = explain_formula(given)
    if words is None:  # no plain threshold
        assert "threshold" not in found.sentence
    else:
        assert words in found.sentence, found.sentence


SHARES = np.zeros((1, 1, 5, 5), np.float32)
SHARES[0, 0, 1:4, 1:4] = np.array([[0.5625, 0, 0.75], [0.5, 0, 0.25], [0, 0.5, 0]])


def test_a_small_mask_whose_shares_are_rounded_up_and_down_is_told() -> None:
    evidence = DifferingLayer("mul", SHARES, (SHARES > 0.5).astype(np.float32), floor=1e-5)
    assert "one where above 0.5 (a threshold, rounded)" in explain_formula(evidence).sentence


def test_a_mask_of_all_that_is_above_zero_is_told_where_enough_is_not() -> None:
    evidence = DifferingLayer("sum", SHARES, (SHARES > 0).astype(np.float32), floor=1e-5)
    assert "one where above 0 (a threshold, rounded)" in explain_formula(evidence).sentence
    inner = SHARES[..., 1:4, 1:4]  # four zeros alone
    evidence = DifferingLayer("sum", inner, (inner > 0).astype(np.float32), floor=1e-5)
    assert not explain_formula(evidence).found


def test_a_mask_that_few_shares_agree_with_is_not() -> None:
    few = np.where(SHARES > 0.5, 1, SHARES).astype(np.float32)
    few[few == 0.25] = 0
    evidence = DifferingLayer("mul", few, (few > 0.5).astype(np.float32), floor=1e-5)
    assert not explain_formula(evidence).found


def taken_off(port: Any, name: str) -> str:
    first, second = IMAGE, np.random.default_rng(4).random(IMAGE.shape).astype(np.float32)
    right = {"add": first + second, "sub": first - second, "mul": first * second}[name]
    maker = Producer(f"(model)/{name}.0", {"one": first, "two": second})
    told = DifferingLayer(
        "cat", reference=right, port=port(first, second).astype(np.float32), floor=1e-4, producer=maker
    )
    return explain_given(told, {}).sentence


def test_of_a_difference_it_is_told_what_is_taken_off_and_what_the_reference_does() -> None:
    """A difference for a sum says that a sign is another one, whichever way round it is."""
    by_name = {"add": ", where the reference adds both", "mul": ""}
    for name, own in by_name.items():
        said = taken_off(lambda a, b: b - a, name)
        assert f"of the reference's one and the reference's two (the second minus the first{own})." in said
        said = taken_off(lambda a, b: a - b, name)
        assert f"of the reference's one and the reference's two (the first minus the second{own})." in said
    assert "(the second divided by the first)" in taken_off(lambda a, b: b / (a + 1e-30), "mul")


def test_a_function_that_changes_nothing_here_is_not_told() -> None:
    """Of values between -1 and 1 a hard tanh is what they are: nothing shows that it is applied."""
    small = 0.9 * np.tanh(MAP)
    floor = 1e-5 * float(np.linalg.norm(small))
    producer = Producer("exp.0", {"small": small}, {})
    evidence = DifferingLayer("cat", reference=np.exp(small), port=small, floor=floor, producer=producer)
    assert not any("hard tanh" in trial.words for trial in functions.trials(evidence))


def test_what_undoes_the_right_tensor_is_not_told_of_it() -> None:
    """An exponential is an expm1 of the softplus that should stand there: this says not how it came."""
    right = np.logaddexp(MAP, 0)
    floor = 1e-5 * float(np.linalg.norm(right))
    evidence = DifferingLayer("softplus", reference=right, port=np.exp(MAP), floor=floor)
    told = [trial.words for trial in functions.of_the_right_one(evidence)]
    assert not told
    minus = DifferingLayer("softplus", reference=right, port=-right, floor=floor)
    assert [trial.words for trial in functions.of_the_right_one(minus)] == ["minus of the reference's output"]


def test_one_of_each_block_in_the_place_of_its_mean_is_a_slice_with_steps() -> None:
    means = MAP.reshape(1, 6, 2, 2, 5).mean(3)
    given = DifferingLayer(
        "cat", means, MAP[:, :, ::2], floor=1e-6, producer=Producer("pool", {"layer:conv#0:out": MAP})
    )
    words = "the first of each block of 1x1x2x1 of the reference's layer:conv#0:out: a slice with steps of 2"
    assert f"{words} along axis 2." in explain_given(given, {}).sentence
