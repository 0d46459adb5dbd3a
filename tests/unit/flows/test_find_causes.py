"""How near is near enough for a tensor that is far smaller than the reference's."""

from __future__ import annotations

import numpy as np
import pytest

from harness.flows.find_causes import in_proportion

LARGE = np.full((3, 4), -1e9, np.float32)


def test_a_far_smaller_tensor_has_a_far_smaller_room() -> None:
    assert in_proportion(LARGE, np.ones((3, 4), np.float32)) == pytest.approx(16e-9)
    assert in_proportion(LARGE, np.zeros((3, 4), np.float32)) == 0


def test_one_of_about_the_same_size_has_the_same_room_and_what_is_not_finite_too() -> None:
    assert in_proportion(LARGE, LARGE / 10) == 1
    assert in_proportion(np.ones(3), LARGE) == 1
    assert in_proportion(LARGE, np.full((3, 4), np.nan)) == 1
    assert in_proportion(np.zeros(3), np.ones(3)) == 1
