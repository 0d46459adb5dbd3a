"""Labels of one value that have another in the port are told by both values, not by where they lie."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import Cause, DifferingLayer, explain_given

Array = NDArray[Any]
LABELS = np.random.default_rng(2).integers(0, 5, (2, 9, 9)).astype(np.int64)
LABELS[:, :, 6:] = 255  # a border that is ignored


def explained(port: Array, right: Array = LABELS) -> Cause:
    return explain_given(DifferingLayer("CrossEntropyLoss", right, port, floor=1e-6), {})


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.float32])
def test_one_value_is_another_everywhere(dtype: Any) -> None:
    found = explained(np.where(LABELS == 255, 0, LABELS).astype(dtype), LABELS.astype(dtype))
    assert found.found
    assert "the reference's input with 0 wherever the reference has 255" in found.sentence


def test_two_values_are_exchanged() -> None:
    port = np.where(LABELS == 1, 3, np.where(LABELS == 3, 1, LABELS))
    assert (
        "with 3 wherever the reference has 1 and 1 wherever the reference has 3" in explained(port).sentence
    )


@pytest.mark.parametrize(
    "port",
    [
        np.where((LABELS == 1) & (np.arange(9) < 3), 0, LABELS),  # not wherever it stands
        np.random.default_rng(3).permutation(LABELS.ravel()).reshape(LABELS.shape),
        LABELS + 1,  # all of them: that is another rule
    ],
)
def test_other_tensors_are_not_told_by_values(port: Array) -> None:
    assert "wherever" not in explained(port).sentence


def test_one_place_is_no_rule() -> None:
    right = LABELS.copy()
    right[0, 0, 0] = 77
    assert "wherever" not in explained(np.where(right == 77, 0, right), right).sentence


def test_values_that_are_no_plain_numbers_are_no_labels() -> None:
    right = (LABELS * 0.37).astype(np.float32)
    assert "wherever" not in explained(np.where(LABELS == 255, 0, right).astype(np.float32), right).sentence
