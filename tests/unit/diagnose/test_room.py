"""How near is near enough for a tensor that is far smaller, or larger, than the reference's."""

from __future__ import annotations

import numpy as np
import pytest

from harness.diagnose import DifferingLayer, explain_given, in_proportion
from harness.diagnose._evidence import Producer

LARGE = np.full((3, 4), -1e9, np.float32)
MAP = np.random.default_rng(3).standard_normal((2, 256, 5, 6)).astype(np.float32)


def test_a_far_smaller_tensor_has_a_far_smaller_room() -> None:
    assert in_proportion(LARGE, np.ones((3, 4), np.float32)) == pytest.approx(16e-9)
    assert in_proportion(LARGE, np.zeros((3, 4), np.float32)) == 0


def test_one_of_about_the_same_size_has_the_same_room_and_what_is_not_finite_too() -> None:
    assert in_proportion(LARGE, LARGE / 10) == 1
    assert in_proportion(LARGE, np.full((3, 4), np.nan)) == 1
    assert in_proportion(LARGE, np.full((3, 4), -np.inf)) == 1
    assert in_proportion(np.zeros(3), np.ones(3)) == 1


def test_a_larger_one_has_as_much_more_but_for_a_few_large_values() -> None:
    assert in_proportion(MAP, 256 * MAP) == pytest.approx(256)
    assert in_proportion(MAP[:, :1], MAP) == pytest.approx(16, rel=0.1)  # of 256 times the elements
    assert in_proportion(np.ones(3), LARGE) == 65536
    few = MAP.copy()
    few[0, 0] = 1e6 * MAP[0, 0]
    assert in_proportion(MAP, few) < 1.1


def test_beside_fills_which_dwarf_all_others_there_is_room_for_them() -> None:
    filled = np.where(MAP > 0, np.float32(-1e9), MAP)
    its = float(np.linalg.norm(filled.astype(np.float64)))
    assert in_proportion(MAP, filled) == pytest.approx(its / float(np.linalg.norm(MAP.astype(np.float64))))


def test_a_sum_in_the_place_of_a_mean_is_told() -> None:
    right, port = MAP.mean(1, keepdims=True), MAP.sum(1, keepdims=True)
    floor = 64 * 1.2e-7 * float(np.linalg.norm(right)) * in_proportion(right, port)
    producer = Producer("m/mean.0", {"layer:m/mean.0#0:in.0": MAP})
    evidence = DifferingLayer("cat", right, port, floor=floor, producer=producer)
    assert "the sum over axes 1 of the reference's layer:m/mean.0" in explain_given(evidence, {}).sentence
    noise = 300 * np.random.default_rng(4).standard_normal(right.shape).astype(np.float32)
    assert not explain_given(DifferingLayer("cat", right, noise, floor=floor, producer=producer), {}).found
