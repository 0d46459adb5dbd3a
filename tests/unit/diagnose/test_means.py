"""A mean over the labels that count, divided by another number of labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.diagnose import Cause, DifferingLayer, explain_forward

RNG = np.random.default_rng(5)
LABELS = np.where(RNG.random((4, 9)) < 0.3, 255, RNG.integers(0, 3, (4, 9)))
EACH = RNG.random((4, 9)) * (LABELS != 255)
MEAN = np.float32(EACH.sum() / (LABELS != 255).sum())
GIVEN = (RNG.random((4, 3, 9)).astype(np.float32), LABELS)


def explained(port: float, **attributes: Any) -> Cause:
    named = {"ignore_index": 255, "reduction": "mean", **attributes}
    evidence = DifferingLayer(
        "CrossEntropyLoss",
        reference=np.full((), MEAN),
        port=np.full((), port, np.float32),
        inputs=GIVEN,
        attributes=named,
        floor=1e-6,
    )
    return explain_forward(evidence, lambda trials: [None for _ in trials])


@pytest.mark.parametrize(
    ("port", "words"),
    [
        (EACH.mean(), "divided by the number of all 36 labels in place of the"),
        (EACH.sum() / 4, "divided by the number of samples, 4, in place of the"),
        (EACH.sum(), "the reference's sum, not divided"),
    ],
)
def test_another_divisor_is_told(port: float, words: str) -> None:
    assert words in explained(port).sentence


def test_nothing_is_claimed_of_any_other_number_nor_where_nothing_is_ignored() -> None:
    assert not explained(float(MEAN) * 0.77).found
    assert "ignored" not in explained(EACH.mean(), ignore_index=None).sentence
    assert "ignored" not in explained(EACH.mean(), reduction="sum").sentence
