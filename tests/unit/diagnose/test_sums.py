"""A chain of sums that the port puts together otherwise, or of which it leaves out a term."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import Cause, DifferingLayer, Producer, explain_given

TERMS = np.random.default_rng(8).standard_normal((5, 2, 6)).astype(np.float32)
NAMES = ["layer:a#0:out", "layer:b#0:out", "layer:c#0:out", "layer:d#0:out", "layer:e#0:out"]


def explained(port: NDArray[Any], count: int = 5) -> Cause:
    terms = dict(zip(NAMES[:count], TERMS, strict=False))
    right = TERMS[:count].sum(0)
    given = {"layer:add.3#0:in.0": right - TERMS[count - 1], NAMES[count - 1]: TERMS[count - 1]}
    producer = Producer("add.3", given, {}, terms)
    evidence = DifferingLayer("div", right, port.astype(np.float32), floor=1e-5, producer=producer)
    return explain_given(evidence, {})


@pytest.mark.parametrize(
    ("port", "words"),
    [
        (TERMS.max(0), "the largest (max), element by element, of the 5 terms layer:a#0:out"),
        (TERMS.min(0), "the smallest (min), element by element"),
        (TERMS.mean(0), "the mean, element by element"),
        (TERMS.prod(0), "the product, element by element"),
        (TERMS.sum(0) - TERMS[2], "without layer:c#0:out"),
        (TERMS.sum(0) + TERMS[1], "with layer:b#0:out twice"),
        (TERMS[:2].sum(0), "the sum of the first 2 of the 5 terms"),
        (TERMS[-3:].sum(0), "the sum of the last 3 of the 5 terms"),
    ],
)
def test_what_is_put_together_otherwise_is_named(port: NDArray[Any], words: str) -> None:
    found = explained(port)
    assert words in found.sentence
    assert not found.fitted


def test_nothing_is_made_of_something_else() -> None:
    assert not explained(np.random.default_rng(9).standard_normal((2, 6))).found


def test_two_terms_are_an_operation_of_two() -> None:
    assert "terms" not in explained(TERMS[:2].max(0), 2).sentence
