"""Masks of triangles, labels and lengths that a port makes by another rule; numpy makes them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import Cause, DifferingLayer, ReferenceTensor, explain_given

Mask = NDArray[np.bool_]
RNG = np.random.default_rng(13)
WORDS = np.array([[3, 1, 2, 5, 4, 0, 0], [2, 4, 1, 0, 0, 0, 0], [5, 3, 1, 2, 2, 4, 0]])
LENGTH = np.array([5, 3, 6])
SCORES = RNG.standard_normal((3, 2, 7, 7)).astype(np.float32)
EARLIER = np.tril(np.ones((7, 7), bool))
KEYS, QUERIES = (WORDS != 0)[:, None, None, :], (WORDS != 0)[:, None, :, None]
THERE = np.arange(7) < LENGTH[:, None]


def told(right: NDArray[np.float32], port: NDArray[np.float32]) -> Cause:
    recorded = (
        ReferenceTensor("layer:m/div.0#0:out", SCORES.shape, lambda: SCORES),
        ReferenceTensor("input:words", WORDS.shape, lambda: WORDS),
        ReferenceTensor("input:length", LENGTH.shape, lambda: LENGTH),
    )
    return explain_given(DifferingLayer("softmax", right, port, floor=1e-4, recorded=recorded), {})


def filled(kept: Mask) -> NDArray[np.float32]:
    return np.where(np.broadcast_to(kept, SCORES.shape), SCORES, np.float32(-np.inf))


LATER = "it is not so that the column is not after the row (a lower triangle)"
CASES: dict[str, tuple[Mask, Mask]] = {
    f"filled with -inf where {LATER}, where the reference's is where": (EARLIER & KEYS, EARLIER),
    "filled with -inf where input:words (along axes 0 and 3) is 0, where": (EARLIER & KEYS, KEYS),
    f"where {LATER} or input:words (along axes 0 and 2) is 0, where": (EARLIER & KEYS, EARLIER & QUERIES),
}


@pytest.mark.parametrize("words", CASES)
def test_another_rule_of_what_is_filled_is_told(words: str) -> None:
    ours, its = (filled(np.broadcast_to(kept, SCORES.shape)) for kept in CASES[words])
    assert words in told(ours, its).sentence


@pytest.mark.parametrize(
    ("words", "its"),
    [
        (
            "a mask set where the index along axis 1 is below input:length plus 1",
            np.arange(7) <= LENGTH[:, None],
        ),
        ("a mask set where input:words (along axes 0 and 1) is not 1", WORDS != 1),
    ],
)
def test_another_rule_of_a_mask_is_told(words: str, its: Mask) -> None:
    wide = [np.repeat(mask[..., None], 4, 2).astype(np.float32) for mask in (THERE, its)]
    assert words in told(wide[0], wide[1]).sentence


def test_masks_that_follow_no_rule_are_none() -> None:
    drawn = RNG.random((2, 3, 2, 7, 7)) < 0.5
    assert not told(filled(EARLIER & KEYS), filled(drawn[0])).found
    assert not told(filled(drawn[0]), filled(drawn[1])).found
    assert not told(*(mask.astype(np.float32) for mask in drawn)).found
