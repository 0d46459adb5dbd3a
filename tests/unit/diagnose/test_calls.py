"""Several results of one layer that are taken together, where one is right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import DifferingLayer, Producer, ReferenceTensor, explain_given

Array = NDArray[Any]
RNG = np.random.default_rng(2)


def told(results: list[Array], port: Array, maker: str = "criterion") -> str:
    """The last result is the right one; the others are recorded."""
    recorded = tuple(
        ReferenceTensor(f"layer:criterion#{call}:out", one.shape, lambda one=one: one)
        for call, one in enumerate(results[:-1])
    )
    evidence = DifferingLayer(
        "div",
        results[-1],
        port.astype(np.float32),
        floor=1e-5,
        recorded=recorded,
        producer=Producer(maker, {}),
    )
    found = explain_given(evidence, {})
    return found.sentence if found.found else ""


@pytest.mark.parametrize("shape", [(), (3, 4)])
def test_the_sum_or_the_mean_of_calls_for_the_last(shape: tuple[int, ...]) -> None:
    results = [np.asarray(RNG.random(shape), np.float32) for _ in range(5)]
    sum_of_some = np.sum(results[1:], 0)
    assert "the sum of what calls 1 to 4 of criterion return, not one of them" in told(results, sum_of_some)
    assert "the mean of what calls 0 to 4 of criterion" in told(results, np.mean(results, 0))


def test_other_numbers_and_another_maker_say_nothing() -> None:
    results = [np.asarray(RNG.random(()), np.float32) for _ in range(5)]
    assert told(results, np.float32(0.123) + results[0]) == ""
    assert told(results, np.sum(results, 0), maker="(model)/add.0") == ""
