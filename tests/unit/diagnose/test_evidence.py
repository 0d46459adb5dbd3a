"""What reproduces a tensor is judged at the scale of what is no fill."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import DifferingLayer, ReferenceTensor, explain_given
from harness.diagnose._evidence import fills

Array = NDArray[Any]
SCORES = np.random.default_rng(7).standard_normal((2, 6, 6)).astype(np.float32)
LATER = np.triu(np.ones((6, 6), bool), 1)
HIDDEN = np.where(LATER, np.float32(-1e9), SCORES)
ROOM = 64 * 1.2e-7 * float(np.linalg.norm(HIDDEN))  # by the largest values: far more than any score


def test_a_fill_dwarfs_all_others_and_large_values_among_others_are_none() -> None:
    found = fills(HIDDEN + SCORES)
    assert found is not None
    assert (found == LATER).all()
    assert fills(SCORES) is None
    assert fills(np.exp(4 * SCORES)) is None
    assert fills(np.where(LATER, -np.inf, SCORES)) is None
    assert fills(np.zeros(0, np.float32)) is None
    assert fills(LATER) is None


def test_beside_fills_only_the_same_values_reproduce_a_tensor() -> None:
    evidence = DifferingLayer("softmax", reference=SCORES, port=HIDDEN, floor=ROOM)
    assert evidence.reproduces(HIDDEN + np.float32(1e-5))
    assert not evidence.reproduces(np.where(LATER, np.float32(-1e9), np.float32(0)))


def test_nothing_is_claimed_where_only_the_fills_are_the_same() -> None:
    port = np.where(LATER, np.float32(-1e9), SCORES[:, ::-1])
    assert not explain_given(DifferingLayer("softmax", reference=HIDDEN, port=port, floor=ROOM), {}).found


@pytest.mark.parametrize(
    ("port", "tells"),
    [
        (np.ones((8, 8)), False),
        (np.eye(3), False),
        (np.array([0.0, 0.5, 2.0]), False),
        (np.array(0.31416), True),
        (np.array([0.0, 0.7312]), True),
        (np.array([1.0, 2.0, 3.0, 4.0]), True),
        (np.arange(64).reshape(8, 8) % 2, True),
        ((np.arange(64) == 5).astype(float), False),
    ],
)
def test_few_plain_values_tell_nothing(port: Array, tells: bool) -> None:
    assert DifferingLayer("x", np.zeros_like(port), port).tells() is tells


@pytest.mark.parametrize("seed", range(3))
def test_no_cause_is_claimed_of_unrelated_tensors_of_few_values(seed: int) -> None:
    """Small masks, counts, ones and constants agree with something by chance."""
    drawn = np.random.default_rng(seed)
    for shape in ((2,), (4,), (2, 3), (4, 4), (2, 8), (2, 4, 1, 1)):
        made = [(drawn.random(shape) > 0.5) * 1.0, drawn.integers(0, 3, shape) * 1.0, np.ones(shape)]
        right, port, *others = (made[place].astype(np.float32) for place in drawn.integers(0, 3, 4))
        recorded = tuple(
            ReferenceTensor(f"layer:{place}#0:out", shape, lambda tensor=tensor: tensor)
            for place, tensor in enumerate(others)
        )
        evidence = DifferingLayer("x", right, port, floor=1e-5, operation=True, recorded=recorded)
        cause = explain_given(evidence, {"layer:x#0:in.1": others[0]})
        plain = ("zero everywhere", "ones everywhere", "the reference's output inverted")
        assert not cause.found or cause.hypothesis.startswith(plain) or "triangle" in cause.hypothesis
