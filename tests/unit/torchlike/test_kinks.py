from __future__ import annotations

import numpy as np
import pytest
import torch

from ports_jittor.torchlike import kinks
from tests.unit.torchlike.compare import FLOAT64, agree, drawn


def tied(name: str) -> np.ndarray:
    """Whole numbers around 0."""
    return np.round(2 * drawn(name, 6, 7))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_at_kinks_are_torchs(dtype: str) -> None:
    options = {"tolerance": FLOAT64, "dtype": dtype}
    agree(torch.abs, kinks.abs, tied("a"), **options)
    agree(torch.maximum, kinks.maximum, tied("a"), tied("b"), **options)
    agree(torch.minimum, kinks.minimum, tied("a"), tied("b"), **options)


@pytest.mark.parametrize("bounds", [{"min": -1.0, "max": 2.0}, {"min": -1.0}, {"max": 2.0}], ids=str)
def test_bounds_pass_the_gradient_on(bounds: dict[str, float]) -> None:
    agree(lambda t: t.clamp(**bounds), lambda v: kinks.clamp(v, **bounds), tied("a"), tolerance=0)
