"""What an error looks like: also where it is the same everywhere, without a warning."""

from __future__ import annotations

import numpy as np

from harness.diagnose._signature import signature


def test_an_error_that_is_the_same_everywhere_grows_with_nothing() -> None:
    ours = np.arange(64.0).reshape(4, 16)
    assert signature(ours, ours + 0.5) == ("everywhere",)


def test_a_tensor_that_is_the_same_everywhere_has_a_signature() -> None:
    ours = np.full((4, 16), 2.0)
    assert "grows with magnitude" not in signature(ours, ours + np.linspace(1, 2, 64).reshape(4, 16))
