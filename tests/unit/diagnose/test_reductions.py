"""One reduction of a recorded tensor in the place of several steps; numpy computes them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import Cause, DifferingLayer, Producer, ReferenceTensor, explain_given

Array = NDArray[np.float32]
WIDE = np.random.default_rng(6).standard_normal((2, 8, 7, 6)).astype(np.float32)
SMOOTH = (np.log(np.exp(8 * WIDE).sum((2, 3), keepdims=True)) / 8).astype(np.float32)


def told(port: Array, right: Array) -> Cause:
    port = np.asarray(port, np.float32)
    recorded = (ReferenceTensor("layer:conv#0:out", WIDE.shape, lambda: WIDE),)
    producer = Producer("m/div.0", {"layer:m/div.0#0:in.0": 8 * right})
    evidence = DifferingLayer(
        "sub", right, port, operation=True, floor=1e-4, recorded=recorded, producer=producer
    )
    return explain_given(evidence, {})


@pytest.mark.parametrize(
    ("words", "port", "right"),
    [
        ("the largest (max) over axes 2 and 3 of", WIDE.max((2, 3), keepdims=True), SMOOTH),
        ("the mean over axes 2 and 3 of", WIDE.mean((2, 3), keepdims=True), SMOOTH),
        ("the mean over axis 1 of", WIDE.mean(1), WIDE.max(1)),
        ("(logsumexp) over axis 1 of", np.log(np.exp(WIDE).sum(1)), WIDE.max(1)),
        ("the standard deviation (divided by n - 1) over axis 1 of", WIDE.std(1, ddof=1), WIDE.var(1)),
        ("the median over axis 3 of", np.median(WIDE, 3), WIDE.mean(3)),
    ],
)
def test_a_reduction_of_what_was_recorded_is_found(words: str, port: Array, right: Array) -> None:
    sentence = told(port, right).sentence
    assert f"{words} the reference's layer:conv#0:out" in sentence


def test_noise_and_few_values_are_no_reduction() -> None:
    noise = np.random.default_rng(7).standard_normal((2, 8, 1, 1)).astype(np.float32)
    assert not told(noise, SMOOTH).found
    assert not told(np.full((2, 8, 1, 1), WIDE[0, 0].max()), SMOOTH).found


@pytest.mark.parametrize(
    ("words", "port"),
    [
        (
            "the mean over axes 2 and 3 of the reference's input "
            "(their sum divided by how many there are, 42)",
            WIDE.mean((2, 3), keepdims=True),
        ),
        ("the largest (max) over axis 1 of the reference's input", WIDE.max(1, keepdims=True)),
        ("the sum over axis 3 of the reference's input", WIDE.sum(3)),
    ],
)
def test_the_right_tensor_itself_may_be_reduced_and_repeated_again(words: str, port: Array) -> None:
    port = np.asarray(port, np.float32)
    evidence = DifferingLayer("Conv2d", WIDE, port, floor=1e-4)
    assert words in explain_given(evidence, {}).sentence
    if port.ndim == WIDE.ndim:
        wide = np.ascontiguousarray(np.broadcast_to(port, WIDE.shape))
        sentence = explain_given(DifferingLayer("Conv2d", WIDE, wide, floor=1e-4), {}).sentence
        assert f"{words}, repeated along ax" in sentence


def test_what_both_sides_repeat_is_not_reduced() -> None:
    right = np.broadcast_to(WIDE[:, :, :1], WIDE.shape)
    noise = np.random.default_rng(8).standard_normal((2, 8, 1, 6)).astype(np.float32)
    evidence = DifferingLayer("Conv2d", right, np.broadcast_to(noise, WIDE.shape), floor=1e-4)
    assert not explain_given(evidence, {}).found
