"""An attention with another count of heads is named; numpy attends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import DifferingLayer, Producer, ReferenceTensor, explain_given

Array = NDArray[Any]
RNG = np.random.default_rng(21)
QUERIES, KEYS, VALUES = (
    RNG.standard_normal((2, channels, 9)).astype(np.float32) for channels in (24, 24, 48)
)


def split(x: Array, heads: int) -> Array:
    """(samples, heads, places, channels of a head)."""
    return x.reshape(2, heads, -1, 9).swapaxes(2, 3)


def shares(heads: int, scaled: bool) -> Array:
    scores = split(QUERIES, heads) @ split(KEYS, heads).swapaxes(2, 3)
    grown = np.exp(scores * (24 // heads) ** -0.5 if scaled else scores)
    return np.asarray(grown / grown.sum(-1, keepdims=True))


def attended(heads: int, scaled: bool) -> Array:
    """With its channels in the heads that the reference has, 3."""
    merged = (shares(heads, scaled) @ split(VALUES, heads)).swapaxes(2, 3).reshape(2, 48, 9)
    return np.asarray(split(merged, 3), np.float32)


def said(port: Array, scaled: bool, module: str = "attn") -> str:
    given = {"layer:attn/matmul.1#0:in.0": shares(3, scaled), "layer:attn/matmul.1#0:in.1": split(VALUES, 3)}
    factors = {"in.0": split(QUERIES, 3), "in.1": split(KEYS, 3).swapaxes(2, 3)}
    recorded = tuple(
        ReferenceTensor(f"layer:{module}/matmul.0#0:{name}", one.shape, lambda one=one: one)
        for name, one in factors.items()
    )
    evidence = DifferingLayer(
        "Conv2d",
        attended(3, scaled),
        port,
        floor=1e-4,
        recorded=recorded,
        producer=Producer("attn/matmul.1", given),
    )
    found = explain_given(evidence, {})
    return found.sentence if found.found else ""


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize(("heads", "width"), [(6, 4), (2, 12), (1, 24), (8, 3)])
def test_another_count_of_heads(heads: int, width: int, scaled: bool) -> None:
    words = f"attention with {heads} heads of {width} channels each, not 3 of 8"
    assert words in said(attended(heads, scaled), scaled)


def test_what_no_count_of_heads_makes_is_left_open() -> None:
    assert said(RNG.standard_normal(attended(3, True).shape).astype(np.float32), True) == ""
    assert said(attended(6, True), True, module="other") == ""
