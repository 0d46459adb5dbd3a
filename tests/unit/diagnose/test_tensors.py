"""The right values in another shape are told as that, however few they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.diagnose import Cause, DifferingLayer, explain_forward, explain_given

Array = NDArray[Any]
COUNTS = np.array([[3.0], [2.0], [3.0]], np.float32)


def explained(reference: Array, port: Array) -> Cause:
    return explain_given(DifferingLayer("div", reference=reference, port=port, floor=1e-5), {})


def test_an_axis_of_size_1_is_missing_or_too_many() -> None:
    words = "with the shape 3 in place of 3x1: an axis of size 1 fewer (keepdim, squeeze)"
    assert words in explained(COUNTS, COUNTS[:, 0]).sentence
    assert "an axis of size 1 more" in explained(COUNTS, COUNTS[None]).sentence
    assert "its axis of size 1 elsewhere" in explained(COUNTS, COUNTS.T).sentence


def test_the_same_values_in_other_sizes_are_reshaped_and_broadcast_along_nothing() -> None:
    tensor = np.arange(6, dtype=np.float32).reshape(2, 3)
    found = explained(tensor, tensor.reshape(3, 2))
    assert "the reference's input with the shape 3x2 in place of 2x3." in found.sentence


def test_other_values_in_another_shape_are_not() -> None:
    assert not explained(COUNTS, COUNTS[:, 0] + 1).found


def test_ones_along_an_axis_of_size_1_are_those_of_a_softmax() -> None:
    map_ = np.random.default_rng(2).random((2, 1, 4, 4)).astype(np.float32)
    assert "ones everywhere, as a softmax over axis 1 gives, which has size 1." in (
        explained(map_, np.ones_like(map_)).sentence
    )
    two = np.repeat(map_, 2, 1)
    assert "softmax" not in explained(two, np.ones_like(two)).sentence


def test_ones_where_no_share_is_meant_are_of_no_softmax() -> None:
    map_ = 3 * np.random.default_rng(2).standard_normal((2, 1, 4, 4)).astype(np.float32)
    assert "is ones everywhere." in explained(map_, np.ones_like(map_)).sentence


def test_zeros_in_the_place_of_logarithms_of_shares_are_those_of_a_log_softmax() -> None:
    map_ = -np.random.default_rng(2).random((2, 1, 4, 4)).astype(np.float32)
    for kind, told in (("LogSigmoid", True), ("log_softmax", True), ("Conv2d", False)):
        found = explain_forward(
            DifferingLayer(kind, map_, np.zeros_like(map_), floor=1e-5), lambda trials: [None for _ in trials]
        )
        words = ", as a log_softmax over axis 1 gives, which has size 1" if told else ""
        assert f"zero everywhere{words}." in found.sentence
