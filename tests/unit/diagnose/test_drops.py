"""A dropout that acts where none should, or that drops other pieces, is told by its zeros and its factor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import DifferingLayer, Producer, explain_forward, explain_given

Array = NDArray[Any]
RNG = np.random.default_rng(12)
WHOLE = RNG.standard_normal((4, 32, 6, 5)).astype(np.float32)


def dropped(rate: float, *pieces: int, seed: int = 0) -> Array:
    """What a dropout of pieces of these sizes makes of it."""
    kept = np.random.default_rng(seed).random(pieces or WHOLE.shape) >= rate
    return np.asarray(np.where(kept, WHOLE / np.float32(1 - rate), 0), np.float32)


def said(right: Array, port: Array, **more: Any) -> str:
    evidence = DifferingLayer("Dropout", right, port, floor=1e-4, **more)
    found = explain_forward(evidence, lambda trials: [None for _ in trials])
    return found.sentence if found.found else ""


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.5])
def test_a_dropout_in_evaluation(rate: float) -> None:
    told = said(WHOLE, dropped(rate))
    assert f"single elements dropped at random at a rate of {rate:g}" in told
    assert "where the reference drops nothing in evaluation" in told


def test_a_dropout_in_evaluation_of_what_a_layer_is_given() -> None:
    producer = Producer("softmax.0", {"layer:softmax.0#0:in.0": np.exp(WHOLE)})
    evidence = DifferingLayer("matmul", WHOLE, dropped(0.1), floor=1e-4, producer=producer)
    assert "dropped at random at a rate of 0.1" in explain_given(evidence, {}).sentence


@pytest.mark.parametrize(
    ("pieces", "over"),
    [((4, 32, 1, 1), "axes 2 and 3"), ((4, 32, 6, 1), "axis 3"), ((1, 32, 1, 1), "axes 0, 2 and 3")],
)
def test_whole_pieces_are_dropped_for_single_elements(pieces: tuple[int, ...], over: str) -> None:
    told = said(dropped(0.1, seed=1), dropped(0.1, *pieces), inputs=(WHOLE,), training=True)
    assert (
        f"its input number 0 with whole pieces of it over {over} dropped at random at a rate of 0.1" in told
    )
    assert "where the reference drops single elements" in told


@pytest.mark.parametrize(
    "port",
    [
        np.where(RNG.random(WHOLE.shape) < 0.1, 0, WHOLE),  # nothing is divided: some mask
        np.where(RNG.random(WHOLE.shape) < 0.5, 0, WHOLE / 0.9),  # more than the factor says
        np.maximum(WHOLE, 0),
        np.where(np.arange(4).reshape(4, 1, 1, 1) == 0, 0, WHOLE * 1.001),
    ],
)
def test_what_only_has_zeros_is_no_dropout(port: Array) -> None:
    assert "dropped" not in said(WHOLE, port.astype(np.float32))
