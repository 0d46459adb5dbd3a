"""A tensor that is normalised along axes is told as that, not by one fitted number a channel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.diagnose import Cause, DifferingLayer, Producer, explain_formula, explain_given

X = np.random.default_rng(12).standard_normal((2, 6, 7)).astype(np.float32)
WIDE = X.astype(np.float64)


def explained(port: Any) -> Cause:
    floor = 1e-6 * float(np.linalg.norm(X))
    return explain_formula(DifferingLayer("matmul", reference=X, port=port.astype(np.float32), floor=floor))


def over(function: Any, axis: Any, x: Any = WIDE) -> Any:
    return function(x, axis=axis, keepdims=True)


def exponential(axis: int) -> Any:
    grown = np.exp(WIDE)
    return grown / over(np.sum, axis, grown)


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda axis: WIDE / np.sqrt(over(np.sum, axis, WIDE**2)), "brought to length one"),
        (lambda axis: WIDE / over(np.sum, axis, np.abs(WIDE)), "its L1 norm"),
        (lambda axis: WIDE / over(np.max, axis), "divided by its largest (normalised by its max)"),
        (lambda axis: WIDE / over(np.max, axis, np.abs(WIDE)), "divided by its largest absolute value"),
        (exponential, "with a softmax"),
        (lambda axis: np.log(exponential(axis)), "with the logarithm of a softmax"),
        (lambda axis: WIDE - over(np.mean, axis), "with its mean taken off"),
        (lambda axis: WIDE - over(np.max, axis), "with its largest (max) taken off"),
        (
            lambda axis: (WIDE - over(np.min, axis)) / (over(np.max, axis) - over(np.min, axis)),
            "spread from 0 to 1",
        ),
        (lambda axis: WIDE / np.sqrt(over(np.mean, axis, WIDE**2)), "divided by its root mean square along"),
        (
            lambda axis: (WIDE - over(np.mean, axis)) / over(np.std, axis),
            "standardised (mean taken off, divided by its deviation) along",
        ),
    ],
)
def test_each_way_is_told_with_its_axis(make: Any, words: str, axis: int) -> None:
    found = explained(make(axis))
    assert words in found.sentence, found.sentence
    assert found.sentence.endswith(f"along axis {axis}.")
    assert not found.fitted


def test_several_axes_and_an_epsilon_are_told() -> None:
    axes = (1, 2)
    port = (WIDE - over(np.mean, axes)) / np.sqrt(over(np.var, axes) + 1e-3)
    assert "with eps=0.001, along axes 1 and 2" in explained(port).sentence


def test_what_its_maker_is_given_comes_first_and_another_factor_is_none() -> None:
    producer = Producer("linear", {"linear#0:in.0": X})
    floor = 1e-6 * float(np.linalg.norm(X))
    port = (WIDE / np.sqrt(over(np.sum, 2, WIDE**2))).astype(np.float32)
    given = DifferingLayer("matmul", reference=X[..., ::-1] + 1, port=port, floor=floor, producer=producer)
    assert "the reference's linear#0:in.0, brought to length one" in explain_given(given, {}).sentence
    factors = np.random.default_rng(1).uniform(0.5, 2, (2, 6, 1))
    assert not explained(WIDE * factors).found
