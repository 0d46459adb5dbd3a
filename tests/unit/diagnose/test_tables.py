"""A mask of a label map that is set at other labels is told by the labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import DifferingLayer, ReferenceTensor, explain_given

Array = NDArray[Any]
RNG = np.random.default_rng(9)
LABELS = RNG.choice([0, 1, 2, 255], (2, 3, 12, 12), p=[0.5, 0.2, 0.2, 0.1])


def said(right: Array, port: Array, labels: Array = LABELS, name: str = "input:map") -> str:
    recorded = (ReferenceTensor(name, labels.shape, lambda: labels),)
    masks = [mask.astype(np.float32) for mask in (right, port)]
    found = explain_given(DifferingLayer("interpolate", *masks, floor=1e-3, recorded=recorded), {})
    return found.sentence if found.found else ""


def test_other_labels_set_a_mask() -> None:
    told = said(LABELS == 1, LABELS > 0)
    assert "a mask set where the reference's input:map is 1, 2, 255" in told
    assert "where the reference's is set at 1: greater than 0, not equal to 1" in told
    assert "is 255, where the reference's is set at 2" in said(LABELS == 2, LABELS == 255)


def test_one_place_of_what_is_given() -> None:
    shot = LABELS[:, 1:2]
    assert "number 1 along axis 1 of the reference's input:map is 2" in said(shot == 1, shot == 2)


@pytest.mark.parametrize("bent", [0, 1])
def test_a_mask_that_follows_no_labels_is_left_open(bent: int) -> None:
    masks = [LABELS == 1, LABELS > 0]
    masks[bent] = RNG.random(LABELS.shape) > 0.5
    assert "a mask set where" not in said(*masks)


def test_what_is_not_given_or_takes_too_many_values_says_nothing() -> None:
    assert "a mask set where" not in said(LABELS == 1, LABELS > 0, name="layer:conv#0:out")
    numbers = np.arange(LABELS.size).reshape(LABELS.shape)
    assert "a mask set where" not in said(numbers > 5, numbers > 9, numbers)
