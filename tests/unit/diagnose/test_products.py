"""A matrix product for an entry-wise one, and an index for a value; numpy computes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import DifferingLayer, Producer, explain_given

Array = NDArray[Any]
RNG = np.random.default_rng(31)
LEFT, RIGHT = (RNG.standard_normal((6, 6, 1, 1)).astype(np.float32) for _ in range(2))
STACK, ITS = (RNG.standard_normal((3, 5, 5)).astype(np.float32) for _ in range(2))


def said(right: Array, port: Array, *given: Array) -> str:
    made = Producer("op", {f"layer:op#0:in.{place}": tensor for place, tensor in enumerate(given)})
    told = DifferingLayer("conv2d", right, port.astype(np.float32), floor=1e-4, producer=made)
    found = explain_given(told, {})
    return found.sentence if found.found else ""


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda a, b: a @ b, "of the reference's layer:op#0:in.0 and the reference's layer:op#0:in.1"),
        (lambda a, b: b @ a, "of the reference's layer:op#0:in.1 and the reference's layer:op#0:in.0"),
        (lambda a, b: a @ b.T, "in.0 and the reference's layer:op#0:in.1, transposed,"),
    ],
)
def test_a_matrix_product_in_the_place_of_an_entry_wise_one(made: Any, words: str) -> None:
    port = made(LEFT[..., 0, 0], RIGHT[..., 0, 0]).reshape(LEFT.shape)
    told = said(LEFT * RIGHT, port, LEFT, RIGHT)
    assert "the matrix product (matmul)" in told
    assert words in told


def test_a_matrix_product_of_stacks() -> None:
    assert "the matrix product (matmul)" in said(STACK * ITS, STACK @ ITS, STACK, ITS)
    assert said(STACK * ITS, RNG.standard_normal(STACK.shape), STACK, ITS) == ""


@pytest.mark.parametrize(
    ("index", "words"), [(np.argmax, "largest (argmax)"), (np.argmin, "smallest (argmin)")]
)
def test_an_index_in_the_place_of_a_value(index: Any, words: str) -> None:
    given = RNG.standard_normal((2, 9, 7, 7)).astype(np.float32)
    right = given.max(1, keepdims=True)
    port = index(given, axis=1)[:, None].astype(np.float32)
    assert f"the index of the {words} along axis 1 of the reference's layer:op#0:in.0" in said(
        right, port, given
    )
