"""Short formulas of recorded tensors are found without being listed; numpy computes them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import DifferingLayer, ReferenceTensor
from harness.diagnose.formulas import trials

Array = NDArray[Any]
DRAWN = np.random.default_rng(8)
X = DRAWN.standard_normal((2, 6, 5, 5)).astype(np.float32)
FAR = DRAWN.standard_normal(X.shape).astype(np.float32)
SCALE = DRAWN.standard_normal(6).astype(np.float32)
RIGHT = np.tanh(X) + 0.3


def evidence(port: Array) -> DifferingLayer:
    held = {"layer:far#0:out": FAR, "parameter scale": SCALE}
    return DifferingLayer(
        type="x",
        reference=RIGHT.astype(np.float32),
        port=np.asarray(port, np.float32),
        inputs=(X,),
        floor=1e-5 * float(np.linalg.norm(port)),
        recorded=tuple(
            ReferenceTensor(name, tensor.shape, lambda tensor=tensor: tensor) for name, tensor in held.items()
        ),
    )


@pytest.mark.parametrize(
    ("words", "made"),
    [
        ("its input number 0 times the absolute value of its input number 0", lambda: X * np.abs(X)),
        ("its input number 0 plus the reference's layer:far#0:out", lambda: X + FAR),
        ("its input number 0 times the reference's parameter scale", lambda: X * SCALE[:, None, None]),
        ("its input number 0 divided by the norm over axes 1 of its input number 0",
         lambda: X / np.sqrt((X * X).sum(1, keepdims=True))),
        ("its input number 0 minus the mean over axes 2 and 3 of its input number 0",
         lambda: X - X.mean((2, 3), keepdims=True)),
        ("the exponential (exp) of its input number 0 divided by the sum over axes 1 of the exponential",
         lambda: np.exp(X) / np.exp(X).sum(1, keepdims=True)),
        ("the largest (max) over axes 1 of the absolute value of its input number 0",
         lambda: np.abs(X).max(1, keepdims=True)),
        ("its input number 0 divided by 2.44949", lambda: X / np.sqrt(6)),
        ("the reference's output plus the reference's parameter scale", lambda: RIGHT + SCALE[:, None, None]),
        ("the reference's output plus", lambda: RIGHT + X * FAR),
    ],
)  # fmt: skip
def test_a_formula_is_found(words: str, made: Callable[[], Array]) -> None:
    found = evidence(made())
    said = [trial.words for trial in trials(found) if found.reproduces(np.asarray(trial.predicted))]
    assert any(words in one for one in said)


def test_a_mean_may_stand_in_every_place_along_an_axis() -> None:
    everywhere = np.broadcast_to(X.mean(0, keepdims=True), X.shape)
    assert "the mean over axes 0 of its input number 0" in [one.words for one in trials(evidence(everywhere))]


def test_the_right_tensor_by_another_name_is_not_added_and_taken_off_again() -> None:
    everywhere = evidence(np.broadcast_to(X.mean(0, keepdims=True), X.shape))
    again = ReferenceTensor("layer:right#0:out", X.shape, lambda: everywhere.reference)
    found = trials(dataclasses.replace(everywhere, recorded=(again,)))
    assert not any("layer:right#0:out" in trial.words for trial in found)


def test_noise_is_no_formula() -> None:
    assert not list(trials(evidence(DRAWN.standard_normal(X.shape))))


def test_few_values_are_no_evidence() -> None:
    assert not list(trials(evidence(np.sign(X) + 0.0)))


def test_a_scale_made_of_a_size_says_so() -> None:
    found = [trial.words for trial in trials(evidence(RIGHT.astype(np.float32) / np.sqrt(6)))]
    assert any("the square root (sqrt) of a size, 6" in words for words in found)


def test_a_tensor_that_is_one_number_within_noise_is_no_part_of_a_formula() -> None:
    nearly = np.full_like(FAR, 0.5) + 1e-7 * FAR
    told = evidence(0.5 * RIGHT)
    recorded = (ReferenceTensor("layer:flat#0:out", nearly.shape, lambda: nearly),)
    found = [trial.words for trial in trials(dataclasses.replace(told, recorded=recorded))]
    assert found
    assert not any("layer:flat#0:out" in words for words in found)


def test_ones_are_no_part_of_a_formula_and_an_offset_is_told_by_no_two_numbers() -> None:
    ones = np.ones(6, np.float32)
    told = evidence(RIGHT + 1)
    recorded = (ReferenceTensor("parameter weight", ones.shape, lambda: ones),)
    assert not list(trials(dataclasses.replace(told, recorded=recorded)))


def test_the_odds_of_a_sigmoid_are_told_as_an_exponential() -> None:
    """The tensor that the sigmoid is given is not recorded in this shape; its result is."""
    sure = (1 / (1 + np.exp(-X.astype(np.float64)))).astype(np.float32)
    words = [trial.words for trial in trials(dataclasses.replace(evidence(np.exp(X)), inputs=(sure,)))]
    assert words[0].endswith("which is the exponential (exp) of what a sigmoid is given")
