"""A number is found from the distance that it leaves, whatever lies between it and what it is now."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from harness.diagnose._solve import plain_numbers

GIVEN = np.random.default_rng(2).standard_normal(50)


def distances(made: Callable[[float], np.ndarray], wanted: float) -> Callable[[Sequence[float]], list[float]]:
    right = made(wanted)
    return lambda values: [float(np.linalg.norm(made(value) - right)) for value in values]


@pytest.mark.parametrize(
    ("now", "wanted", "made"),
    [
        (2.0, 1.5, lambda v: np.abs(GIVEN) ** v),
        (1e-5, 1e-3, lambda v: GIVEN / np.sqrt(1e-3 * GIVEN.var() + v)),
        (0.01, 0.15, lambda v: np.where(GIVEN > 0, GIVEN, v * GIVEN)),
        (1.0, 0.0, lambda v: (2 * GIVEN + v) / (GIVEN + 9 + v)),
        (0.0, 0.1, lambda v: (1 - v) * GIVEN + v),
        (1.0, 1 / 9, lambda v: np.minimum(np.abs(GIVEN), v)),
        (0.25, 0.75, lambda v: v * GIVEN),
    ],
)
def test_the_number_is_found(now: float, wanted: float, made: Callable[[float], np.ndarray]) -> None:
    assert any(
        value == pytest.approx(wanted, abs=1e-12) for value in plain_numbers(now, distances(made, wanted))
    )


def test_a_number_that_does_not_matter_is_none() -> None:
    assert plain_numbers(2.0, lambda values: [1.0 for _ in values]) == []


def test_a_number_that_cannot_be_is_passed_over() -> None:
    def only_positive(values: Sequence[float]) -> list[float]:
        return [abs(value - 3) if value > 0 else float("nan") for value in values]

    assert 3.0 in plain_numbers(1.0, only_positive)
