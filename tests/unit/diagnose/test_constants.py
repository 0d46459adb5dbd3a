"""A constant of the code: entries exchanged, in another order, counted otherwise, or another number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import Cause, DifferingLayer, ReferenceTensor, explain_given

Array = NDArray[Any]
ANCHORS = np.array([[3, 5], [8, 6], [20, 11]], np.float32)
FOUR = np.array([[3, 5], [8, 6], [20, 11], [40, 9]], np.float32)
STEPS = np.arange(6, dtype=np.float32)


def explained(right: Array, port: Array, recorded: tuple[ReferenceTensor, ...] = ()) -> Cause:
    return explain_given(DifferingLayer("mul", right, port, floor=1e-5, recorded=recorded), {})


@pytest.mark.parametrize(
    ("right", "port", "words"),
    [
        (ANCHORS, [[3, 5], [8, 6], [11, 20]], "the entries at [2, 0] and [2, 1] exchanged (20, 11)"),
        (ANCHORS, ANCHORS[[0, 2, 1]], "axis 0 in which numbers 1 and 2 are exchanged"),
        (FOUR, FOUR[[1, 3, 0, 2]], "axis 0 in the order 1, 3, 0, 2"),
        (ANCHORS, [[3, 5], [8, 6], [20, 14]], "with 14 at [2, 1], where the reference has 11"),
        (FOUR, np.sort(FOUR, 0), "sorted along axis 0 (ascending)"),
        (STEPS, STEPS[::-1], "in the opposite order"),
        (STEPS, STEPS + 1, "plus 1: it is counted from another number"),
        (STEPS, STEPS + 0.5, "plus 0.5"),
        (STEPS / 5, STEPS / 6, "times 5/6: its steps leave the end out"),
        (ANCHORS.astype(np.int64), ANCHORS[[0, 2, 1]].astype(np.int64), "numbers 1 and 2 are exchanged"),
    ],
)
def test_what_became_of_the_constant_is_named(right: Array, port: Any, words: str) -> None:
    found = explained(right, np.asarray(port, right.dtype))
    assert words in found.sentence
    assert not found.fitted


def test_two_other_numbers_have_no_cause() -> None:
    port = ANCHORS.copy()
    port[0, 0], port[2, 1] = 4, 15
    assert not explained(ANCHORS, port).found


def test_a_mask_and_what_is_given_are_no_constants_of_the_code() -> None:
    mask = np.array([[1, 0], [1, 1], [0, 1]], np.float32)
    assert "constant" not in explained(mask, mask[[0, 2, 1]]).sentence
    given = ReferenceTensor("input:boxes", (4, 2), lambda: np.concatenate([ANCHORS, ANCHORS[:1] + 1]))
    assert "constant" not in explained(ANCHORS, ANCHORS[[0, 2, 1]], (given,)).sentence
