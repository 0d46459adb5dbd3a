"""What a training is told of its arrays, against float64 and numpy's own looks at every number."""

from __future__ import annotations

import numpy as np
import pytest

from harness.sides.measured import MeasuredArrays


def test_the_squares_are_those_of_float64() -> None:
    """Of arrays of any shape, also of a single number and of none."""
    rng = np.random.default_rng(0)
    arrays = {
        "wide": rng.standard_normal((7, 11, 3)).astype(np.float32),
        "one": np.array(-3, np.float32),
        "none": np.zeros((0, 4), np.float32),
    }
    found = MeasuredArrays.of(arrays)
    for name, array in arrays.items():
        assert found.squares[name] == pytest.approx((array.astype(np.float64) ** 2).sum(), rel=1e-5)
    assert found.zero == ["none"]
    assert found.strange == []


def test_only_what_holds_zeros_alone_is_zero() -> None:
    """A number whose square is too small for float32 is not."""
    tiny = np.zeros(5, np.float32)
    tiny[3] = 1e-30
    found = MeasuredArrays.of(
        {"tiny": tiny, "zero": np.zeros(5, np.float32), "minus": np.full(2, -0.0, np.float32)}
    )
    assert found.squares["tiny"] == 0
    assert found.zero == ["zero", "minus"]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_number_that_is_not_finite_is_named(value: float) -> None:
    """Beside arrays that are sound, and beside one whose square alone is too large."""
    odd = np.ones(9, np.float32)
    odd[4] = value
    found = MeasuredArrays.of(
        {"sound": np.ones(3, np.float32), "odd": odd, "large": np.full(2, 1e30, np.float32)}
    )
    assert found.strange == ["odd"]
    assert found.zero == []


def test_a_square_that_is_too_large_is_told_where_every_number_is_finite() -> None:
    """Nothing in it is wrong, yet its norm cannot be told."""
    assert MeasuredArrays.of({"large": np.full(2, 1e30, np.float32)}).strange == ["(overflow)"]
