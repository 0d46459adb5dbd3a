"""A tensor in a format of fewer digits is told, also where noise crosses the border between two values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import Cause, DifferingLayer, explain_given

Array = NDArray[Any]
NOISE = 3e-6
WIDE = np.random.default_rng(3).normal(size=(2, 512, 4, 4)).astype(np.float32)
NEAR = (WIDE + np.random.default_rng(4).normal(scale=NOISE, size=WIDE.shape)).astype(np.float32)


def bfloat16(tensor: Array) -> Array:
    return ((tensor.view(np.uint32) + 0x8000) & 0xFFFF0000).view(np.float32)


def float16(tensor: Array) -> Array:
    return tensor.astype(np.float16).astype(np.float32)


ROUNDED = {"float16": float16, "bfloat16": bfloat16}


def explained(port: Array) -> Cause:
    floor = 2 * NOISE * WIDE.size**0.5
    return explain_given(DifferingLayer("Conv2d", reference=WIDE, port=port, floor=floor), {})


@pytest.mark.parametrize("words", ROUNDED)
def test_rounding_of_a_noisy_tensor_is_told(words: str) -> None:
    """Some elements are rounded to the other side, each by far more than the noise."""
    port = ROUNDED[words](NEAR)
    assert (port != ROUNDED[words](WIDE)).any()
    found = explained(port)
    assert found.found
    assert f"rounded to {words}" in found.sentence


def test_an_error_of_the_same_size_is_no_rounding() -> None:
    apart = np.random.default_rng(5).normal(scale=2e-4, size=WIDE.shape)
    found = explained((NEAR * (1 + apart)).astype(np.float32))
    assert not found.found, found.sentence


def test_values_rounded_to_other_places_are_no_float16() -> None:
    found = explained((np.round(NEAR * 1000) / 1000).astype(np.float32))
    assert "float16" not in found.sentence
