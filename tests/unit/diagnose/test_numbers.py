"""A number of a layer is solved for or counted through; the layer is a function of numpy here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.diagnose import DifferingLayer, Trial
from harness.diagnose.numbers import trials

Array = NDArray[Any]
GIVEN = np.random.default_rng(9).standard_normal((2, 8, 6, 6))


def leaky(slope: float) -> Array:
    return np.where(GIVEN > 0, GIVEN, slope * GIVEN).astype(np.float32)


def grouped(groups: int) -> Array:
    parts = GIVEN.reshape(2, groups, -1)
    made = (parts - parts.mean(-1, keepdims=True)) / parts.std(-1, keepdims=True)
    return made.reshape(GIVEN.shape).astype(np.float32)


def windows(padding: int, dilation: int) -> Array:
    wide = np.pad(GIVEN, [(0, 0), (0, 0), (padding,) * 2, (padding,) * 2])
    size = wide.shape[-1] - 2 * dilation
    return np.asarray(wide[..., :size, :size] - 2 * wide[..., -size:, -size:], np.float32)


def found(reference: Array, port: Array, attributes: dict[str, Any], made: Any) -> list[str]:
    def replay(tried: Sequence[Trial]) -> list[Array | None]:
        results: list[Array | None] = []
        for trial in tried:
            try:
                results.append(made(**{**attributes, **trial.changes}))
            except (ValueError, ZeroDivisionError):
                results.append(None)
        return results

    floor = 1e-5 * float(np.linalg.norm(reference))
    evidence = DifferingLayer("x", reference, port, attributes=attributes, floor=floor)
    said = []
    for trial in trials(evidence, replay):
        (result,) = replay([trial])
        if result is not None and evidence.reproduces(result):
            said.append(trial.words)
    return said


def test_a_slope_is_solved_for() -> None:
    said = found(leaky(0.1), leaky(0.17), {"slope": 0.1}, leaky)
    assert said[0] == "the reference computed with slope=0.17, a number solved for"


def test_what_a_number_has_to_do_with_the_right_one_is_told() -> None:
    said = found(leaky(0.5), leaky(2.0), {"slope": 0.5}, leaky)
    assert said[0] == "the reference computed with slope=2.0, a number solved for: one divided by it"


def test_a_number_of_many_digits_is_no_plain_one() -> None:
    assert found(leaky(0.1), leaky(0.173206), {"slope": 0.1}, leaky) == []


def test_groups_are_counted_through() -> None:
    said = found(grouped(2), grouped(8), {"groups": 2}, grouped)
    assert said == ["the reference computed with groups=8"]


def test_a_padding_and_a_dilation_are_tried_together() -> None:
    def made(padding: Any, dilation: Any) -> Array:
        return windows(padding[0], dilation[0])

    said = found(windows(2, 2), windows(1, 1), {"padding": [2, 2], "dilation": [2, 2]}, made)
    assert said == ["the reference computed with padding=[1, 1] and dilation=[1, 1]"]


def test_what_no_number_makes_has_none() -> None:
    assert found(leaky(0.1), np.tanh(leaky(0.1)), {"slope": 0.1}, leaky) == []


def enlarged(scale_factor: int) -> Array:
    assert scale_factor < 4, "no port is that large"
    return GIVEN.repeat(scale_factor, -1).repeat(scale_factor, -2).astype(np.float32)


def test_a_factor_is_tried_where_it_makes_the_ports_size() -> None:
    """A channel count divides into large numbers; as factors they would fill the memory."""
    said = found(enlarged(2), enlarged(3), {"scale_factor": 2}, enlarged)
    assert said == ["the reference computed with scale_factor=3"]
    other = np.roll(enlarged(2), 1, -1)
    assert found(enlarged(2), other, {"scale_factor": 2}, enlarged) == []
