"""What reproduces a tensor is judged at the scale of what is no fill."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.diagnose import DifferingLayer, explain_given
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
