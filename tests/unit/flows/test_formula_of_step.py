"""What is left of a gradient under each way to clip it; torch's own clipping is written out here."""

from __future__ import annotations

import numpy as np
import pytest

from harness.flows.formula_of_step import clipped

GRADIENT = np.array([3.0, -4.0, 0.5])
WHOLE = 13.0  # with the gradients of others


@pytest.mark.parametrize(
    ("norm", "by", "left"),
    [
        (None, "all", [3.0, -4.0, 0.5]),
        (0.0, "each", [3.0, -4.0, 0.5]),
        (1.0, "all", GRADIENT / (13 + 1e-6)),
        (100.0, "all", [3.0, -4.0, 0.5]),
        (1.0, "element", [1.0, -1.0, 0.5]),
        (2.0, "each", GRADIENT * 2 / (np.sqrt(25.25) + 1e-6)),
    ],
)
def test_a_gradient_is_clipped(norm: float | None, by: str, left: object) -> None:
    np.testing.assert_allclose(clipped(GRADIENT, WHOLE, norm, by), left, rtol=1e-12)
