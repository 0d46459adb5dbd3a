"""A tensor that is another one at some places only, with the rule of these places; numpy makes it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import Cause, DifferingLayer, ReferenceTensor, explain_formula, explain_given

Array = NDArray[np.float32]
RNG = np.random.default_rng(11)
RIGHT = RNG.standard_normal((3, 9, 8)).astype(np.float32)
OTHER = RNG.standard_normal(RIGHT.shape).astype(np.float32)
WORDS = RNG.integers(0, 4, (3, 9))
TARGETS = RNG.integers(0, 4, (3, 10))
SCORES = RNG.standard_normal((2, 4, 7, 7)).astype(np.float32)
LATER = np.triu(np.ones((7, 7), bool), 1)


def at(places: NDArray[np.bool_], there: Array | float, right: Array = RIGHT) -> Array:
    return np.where(np.broadcast_to(places, right.shape), there, right).astype(np.float32)


def told(port: Array, right: Array = RIGHT) -> Cause:
    recorded = (
        ReferenceTensor("input:words", WORDS.shape, lambda: WORDS),
        ReferenceTensor("input:targets", TARGETS.shape, lambda: TARGETS),
        ReferenceTensor("layer:other#0:out", OTHER.shape, lambda: OTHER),
        ReferenceTensor("input:turned", WORDS.T.shape, lambda: WORDS.T),
    )
    floor = 1e-6 * float(np.linalg.norm(right))
    evidence = DifferingLayer("Linear", right, port, floor=floor, recorded=recorded)
    found = explain_given(evidence, {})
    return found if found.found else explain_formula(evidence)


SOME = np.isin(np.arange(8), (0, 3, 4, 7))
INSIDE = np.zeros((7, 7), bool)
INSIDE[1:-1, 1:-1] = True
SIDES = np.zeros((7, 7), bool)
SIDES[1:, 2:] = True
CASES = {
    "with zeros (masked, filled) where the reference's input:words is 0": at((WORDS == 0)[..., None], 0.0),
    "with zeros (masked, filled) where the reference's input:words is not 2": at((WORDS != 2)[..., None], 0),
    "with -5 (masked, filled) where the reference's input:words is 1 or 3": at(
        np.isin(WORDS, (1, 3))[..., None], -5.0
    ),
    "where the reference's input:targets, but for the last of each, is 0": at(
        (TARGETS[:, :-1] == 0)[..., None], 0.0
    ),
    "times -1 at the first 4 indices along axis 2": at(np.arange(8) < 4, -RIGHT),
    "with the values of the reference's layer:other#0:out at the last 3 indices (from 5 on) along axis 2": at(
        np.arange(8) >= 5, OTHER
    ),
    "with zeros (masked, filled) at indices 0, 3, 4, 7 along axis 2": at(SOME, 0.0),
    "with zeros (masked, filled) where the reference's layer:other#0:out is below 0": at(OTHER < 0, 0.0),
    "where the reference's input:turned (along axes 1 and 0) is 2": at((WORDS == 2)[..., None], 0.0),
}


@pytest.mark.parametrize("words", CASES)
def test_where_and_what_it_differs_is_told(words: str) -> None:
    sentence = told(CASES[words]).sentence
    assert "the reference's input " in sentence
    assert words in sentence


@pytest.mark.parametrize(
    ("words", "port"),
    [
        (
            "with -inf (masked, filled) in an upper triangle from diagonal 1 (causal)",
            at(LATER, -np.inf, SCORES),
        ),
        ("with zeros (masked, filled) within 1 of the border of its last two axes", at(~INSIDE, 0.0, SCORES)),
        (
            "with zeros (masked, filled) outside of rows 1 to 6 and columns 2 to 6 of its last two axes",
            at(~SIDES, 0.0, SCORES),
        ),
        ("times 0.5 farther than 0 from the border of its last two axes", at(INSIDE, SCORES / 2, SCORES)),
    ],
)
def test_masks_and_borders_of_maps_are_told(words: str, port: Array) -> None:
    assert words in told(port, SCORES).sentence


def test_no_rule_is_claimed_of_places_or_values_at_random() -> None:
    anywhere = RNG.random(RIGHT.shape) < 0.3
    noise = RNG.standard_normal(RIGHT.shape).astype(np.float32)
    assert not told(at(anywhere, OTHER)).found
    assert not told(at((WORDS == 0)[..., None], noise)).found
    assert not told(at(np.arange(8) < 4, noise)).found
    for seed in range(20):  # few values agree with rules by chance
        drawn = np.random.default_rng(seed)
        right, port = ((drawn.random((2, 4, 8)) < 0.5).astype(np.float32) for _ in range(2))
        cause = told(port, right)
        assert not cause.found, cause.sentence
