"""What is filled in by a mask is found where the mask is another one; numpy fills it in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import DifferingLayer, ReferenceTensor, explain_given

Array = NDArray[Any]
SCORES = np.random.default_rng(5).standard_normal((2, 3, 8, 8)).astype(np.float32)
LOWER = np.tril(np.ones((6, 6)))
LATER = np.broadcast_to(np.triu(np.ones((8, 8), bool), 1), SCORES.shape)


def filled(mask: Array, value: float = -1e4) -> Array:
    return np.where(mask, np.float32(value), SCORES)


def said(port: Array, right: Array | None = None) -> str:
    recorded = (ReferenceTensor("layer:div.0#0:out", SCORES.shape, lambda: SCORES),)
    right = filled(LATER) if right is None else right
    evidence = DifferingLayer(type="softmax", reference=right, port=port, floor=1e-3, recorded=recorded)
    return explain_given(evidence, {}).sentence


@pytest.mark.parametrize(
    ("words", "mask"),
    [
        ("filled with -10000 where the mask is not set: it is inverted", ~LATER),
        ("filled with -10000 where the mask is transposed", LATER.swapaxes(-1, -2)),
    ],
)
def test_another_mask_is_named(words: str, mask: Array) -> None:
    assert words in said(filled(mask))


def test_a_missing_mask_is_the_tensor_that_it_is_laid_over() -> None:
    assert "the reference's layer:div.0#0:out" in said(SCORES)


def test_another_value_is_said_and_nothing_is_claimed_of_a_tensor_without_a_mask() -> None:
    assert "-100 in the place of -10000, which a mask fills in" in said(filled(LATER, -100.0))
    assert "none of" in said(filled(~LATER), right=SCORES + 1)


def test_ones_in_the_place_of_a_mask_and_an_index_off_by_one_are_named() -> None:
    lower = np.tril(np.ones((6, 6), np.float32))
    evidence = DifferingLayer(type="mul", reference=lower, port=np.ones_like(lower), floor=1e-5)
    assert "ones everywhere, where the reference has a mask, a lower triangle" in (
        explain_given(evidence, {}).sentence
    )
    places = np.arange(9)
    evidence = DifferingLayer(type="Embedding", reference=places, port=places + 1, floor=1e-5)
    assert "plus 1: the index is off by one" in explain_given(evidence, {}).sentence


def test_a_tensor_that_begins_with_zeros_is_known_by_the_rest() -> None:
    tensor = np.zeros((2, 9000), np.float32)
    tensor[1] = np.random.default_rng(6).standard_normal(9000)
    recorded = (ReferenceTensor("layer:relu#0:out", tensor.shape, lambda: tensor),)
    right = np.ones_like(tensor) * np.arange(2, dtype=np.float32)[:, None]
    evidence = DifferingLayer(type="conv", reference=right, port=tensor, floor=1e-3, recorded=recorded)
    assert "the reference's layer:relu#0:out" in explain_given(evidence, {}).sentence


@pytest.mark.parametrize(
    ("words", "right", "port"),
    [
        ("a mask whose diagonal is off by one", LOWER, np.tril(LOWER, -1)),
        ("a mask whose diagonal is off by one", np.triu(LOWER.T, 1), LOWER.T),
        ("an upper triangle from diagonal 0, where the reference's input has a lower", LOWER, LOWER.T),
        ("inverted, as the opposite of a mask", LOWER, 1 - LOWER),
        ("inverted, as the opposite of a mask", (SCORES > 0) * 1.0, (SCORES <= 0) * 1.0),
    ],
)  # fmt: skip
def test_a_mask_of_two_values_is_told_as_one(words: str, right: Array, port: Array) -> None:
    ours, its = (np.asarray(part, np.float32) for part in (right, port))
    evidence = DifferingLayer(type="mul", reference=ours, port=its, floor=1e-5)
    assert words in explain_given(evidence, {}).sentence


@pytest.mark.parametrize(("step", "words"), [(1, "later"), (-1, "earlier")])
def test_a_triangle_that_is_filled_in_is_off_by_one(step: int, words: str) -> None:
    moved = np.broadcast_to(np.triu(np.ones((8, 8), bool), 1 + step), SCORES.shape)
    found = said(filled(moved))
    assert f"the mask begins one place {words}: its diagonal is off by one" in found


def test_a_mask_of_truth_values_is_one_as_well() -> None:
    lower = np.tril(np.ones((6, 6), bool))
    for port, words in (
        (~lower, "inverted"),
        (np.tril(lower, -1), "off by one"),
        (SCORES[0, 0, :6, :6] > 0, "none"),
    ):
        evidence = DifferingLayer(type="where", reference=lower, port=port, floor=1e-5)
        assert words in explain_given(evidence, {}).sentence
