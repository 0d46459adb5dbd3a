"""What is left of gradients under each way to clip them; torch's own clipping is written out here."""

from __future__ import annotations

import numpy as np
import pytest

from harness.diagnose.step_formulas import Given
from harness.flows.formula_of_step import clipped
from harness.training.change import Change

GRADIENTS = {"weight": np.array([3.0, -4.0, 0.5]), "bias": np.array([0.0, 12.0])}
GIVEN = {name: Given(one, one, {}, {}) for name, one in GRADIENTS.items()}
WHOLE = float(np.sqrt(9 + 16 + 0.25 + 144))


@pytest.mark.parametrize(
    ("recipe", "change", "weight"),
    [
        (None, Change(), [3.0, -4.0, 0.5]),
        (1.0, Change(), np.array([3.0, -4.0, 0.5]) / (WHOLE + 1e-6)),
        (1.0, Change(clip=0.0), [3.0, -4.0, 0.5]),
        (100.0, Change(), [3.0, -4.0, 0.5]),
        (1.0, Change(clip=1.0, clip_by="element"), [1.0, -1.0, 0.5]),
        (None, Change(clip=2.0, clip_by="each"), np.array([3.0, -4.0, 0.5]) * 2 / (np.sqrt(25.25) + 1e-6)),
    ],
)
def test_gradients_are_clipped_as_a_change_says(recipe: float | None, change: Change, weight: object) -> None:
    found = clipped(GIVEN, recipe, change)
    np.testing.assert_allclose(found["weight"].gradient, weight, rtol=1e-12)
    assert found["weight"].value is GIVEN["weight"].value
