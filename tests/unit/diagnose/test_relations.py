"""Plain numbers beside the right tensor are told, with what they stand for; numpy computes them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import (
    Cause,
    DifferingLayer,
    Producer,
    ReferenceTensor,
    explain_formula,
    explain_forward,
    explain_given,
)

Array = NDArray[np.float32]
DRAWN = np.random.default_rng(4)
PICTURE = DRAWN.random((2, 3, 9, 9)).astype(np.float32)
KERNEL = DRAWN.standard_normal((12, 4, 3, 3)).astype(np.float32)


def told(port: Array, right: Array = PICTURE, producer: Producer | None = None) -> Cause:
    port = np.asarray(port, np.float32)
    floor = 1e-6 * float(np.linalg.norm(port))
    return explain_formula(DifferingLayer("x", right, port, floor=floor, producer=producer))


@pytest.mark.parametrize(
    ("words", "port", "fitted"),
    [
        ("times 2, less 1 (minus) (2 numbers fitted to 486 elements)", PICTURE * 2 - 1, 2),
        ("times 0.5 (divided by 2) (one number fitted", PICTURE / 2, 1),
        ("less 0.5 (minus) (one number fitted", PICTURE - 0.5, 1),
        ("times 0.00392157 (divided by 255)", PICTURE / 255, 1),
        ("to the power of 2.2 (one number fitted", PICTURE**2.2, 1),
        ("the square of the reference's input", PICTURE**2, 0),
        ("the square root (sqrt) of the reference's input", PICTURE**0.5, 0),
        ("(a size)", PICTURE * 9, 1),
        ("times 0.707107 (divided by 1.41421) (one over the square root (sqrt) of 2)", PICTURE / 2**0.5, 1),
        ("times -3.14159 (pi)", -PICTURE * np.pi, 1),
        ("from degrees to radians", np.deg2rad(PICTURE), 1),
        ("as from base e to base 2", PICTURE / np.log(2), 1),
    ],
)
def test_plain_numbers_are_told(words: str, port: Array, fitted: int) -> None:
    cause = told(port)
    assert words in cause.sentence
    assert cause.fitted == fitted


@pytest.mark.parametrize("port", [PICTURE * 0.73519, PICTURE * 2 - 0.97313, PICTURE**1.8731])
def test_numbers_that_nobody_writes_are_no_relation(port: Array) -> None:
    assert not told(port).found


def test_few_values_carry_no_two_numbers() -> None:
    few = np.array([0.1, 0.2, 0.3, 0.1], np.float32)
    assert not told(few * 2 - 1, few).found


def test_a_mean_in_the_place_of_a_sum_is_told_by_its_count() -> None:
    total = KERNEL.sum((1, 2, 3))
    producer = Producer("(model)/sum.0", {"layer:(model)/sum.0#0:in.0": KERNEL})
    cause = told(total / 36, total, producer)
    assert (
        "as a mean in the place of a sum makes it: 36 is the number of elements over axes 1, 2 and 3 of"
        in (cause.sentence)
    )
    assert "as a sum in the place of a mean" in told(total, total / 36, producer).sentence


def test_a_part_of_a_sum_that_is_averaged_is_told_by_its_count() -> None:
    bias = DRAWN.standard_normal(12).astype(np.float32)
    shift = KERNEL.sum((1, 2, 3))
    evidence = DifferingLayer(
        "add",
        bias + shift,
        bias + shift / 36,
        inputs=(bias, shift),
        operation=True,
        floor=1e-5,
        recorded=(ReferenceTensor("parameter kernel", KERNEL.shape, lambda: KERNEL),),
    )
    cause = explain_forward(evidence, lambda trials: [None for _ in trials])
    assert "its input number 1 times 0.027778, as a mean in the place of a sum" in cause.sentence


def test_one_reduction_may_stand_in_the_place_of_several_steps() -> None:
    wide = DRAWN.standard_normal((2, 16, 5, 5)).astype(np.float32)
    squares = wide**2
    producer = Producer("n/mean.1", {"layer:n/mean.1#0:in.0": squares}, {"layer:n/square.0#0:in.0": wide})
    right = squares.mean(1, keepdims=True)
    port = np.std(wide, axis=1, ddof=1, keepdims=True)
    evidence = DifferingLayer("add", right, port, floor=1e-5, producer=producer)
    assert (
        "the standard deviation (divided by n - 1) over axes 1 of the reference's layer:n/square.0#0:in.0"
        in (explain_given(evidence, {}).sentence)
    )


@pytest.mark.parametrize("value", [np.inf, np.nan, 1e-42])
def test_odd_numbers_in_the_port_are_no_relation(value: float) -> None:
    port = np.full_like(PICTURE, value)
    evidence = DifferingLayer("add", 2 * PICTURE, port, inputs=(PICTURE, PICTURE), operation=True, floor=1e-5)
    with np.errstate(all="ignore"):
        assert "fitted" not in explain_forward(evidence, lambda trials: [None for _ in trials]).sentence
    port = np.where(PICTURE > 0.5, np.float32(value), PICTURE)
    evidence = DifferingLayer("add", 2 * PICTURE, port, inputs=(PICTURE, PICTURE), operation=True, floor=1e-5)
    with np.errstate(all="ignore"):
        assert not explain_forward(evidence, lambda trials: [None for _ in trials]).found
