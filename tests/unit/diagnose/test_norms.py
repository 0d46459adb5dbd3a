"""A norm over other axes, or in another form, is named; numpy computes it here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import DifferingLayer, explain_forward

Array = NDArray[Any]
RNG = np.random.default_rng(7)
MAP = RNG.standard_normal((2, 6, 5, 4)) * 1.5 + 0.3
ROWS = RNG.standard_normal((3, 7, 8)) * 0.4 - 0.2
WEIGHT, BIAS = RNG.standard_normal(6) + 1, RNG.standard_normal(6)
EPS = 1e-5


def normed(x: Array, axes: tuple[int, ...], ddof: int = 0) -> Array:
    wide = x - x.mean(axes, keepdims=True)
    return np.asarray(wide / np.sqrt(x.var(axes, ddof=ddof, keepdims=True) + EPS))


def affine(x: Array) -> Array:
    shape = (1, 6, 1, 1)
    return np.asarray(x * WEIGHT.reshape(shape) + BIAS.reshape(shape), np.float32)


def said(right: Array, port: Array, x: Array, kind: str = "LayerNorm", **state: Array) -> str:
    evidence = DifferingLayer(
        kind,
        right.astype(np.float32),
        port.astype(np.float32),
        inputs=(x.astype(np.float32),),
        attributes={"eps": EPS},
        state={name: array.astype(np.float32) for name, array in state.items()},
        floor=2e-5,
    )
    found = explain_forward(evidence, lambda trials: [None for _ in trials])
    return found.sentence if found.found else ""


@pytest.mark.parametrize("axes", [(1, 2, 3), (2, 3), (0, 2, 3), (1, 2)])
def test_statistics_over_other_axes(axes: tuple[int, ...]) -> None:
    told = said(affine(normed(MAP, (1,))), affine(normed(MAP, axes)), MAP, weight=WEIGHT, bias=BIAS)
    *first, last = map(str, axes)
    assert f"its statistics over axes {', '.join(first)} and {last}, not over axis 1" in told


def test_an_axis_of_one_element_is_not_told() -> None:
    one = MAP[:1]
    right, port = affine(normed(one, (1,))), affine(normed(one, (1, 2, 3)))
    told = said(right, port, one, weight=WEIGHT, bias=BIAS)
    assert told.endswith("with its statistics over axes 1, 2 and 3, not over axis 1.")


def test_statistics_within_groups_of_channels() -> None:
    groups = normed(MAP.reshape(2, 3, 2, 5, 4), (2, 3, 4)).reshape(MAP.shape)
    told = said(affine(groups), affine(normed(MAP, (1, 2, 3))), MAP, "GroupNorm", weight=WEIGHT, bias=BIAS)
    assert "over axes 1, 2 and 3, not over axes 1, 2 and 3 within each of 3 groups of channels" in told
    told = said(affine(normed(MAP, (1, 2, 3))), affine(groups), MAP, "GroupNorm", weight=WEIGHT, bias=BIAS)
    assert "over axes 1, 2 and 3 within each of 3 groups of channels, not over axes 1, 2 and 3" in told


@pytest.mark.parametrize(
    ("port", "words"),
    [
        (normed(ROWS, (-1,), ddof=1), "the unbiased variance (divided by n - 1, not by n)"),
        (
            (ROWS - ROWS.mean(-1, keepdims=True)) / (ROWS.std(-1, keepdims=True) + EPS),
            "eps added to the deviation",
        ),
        (
            (ROWS - ROWS.mean(-1, keepdims=True)) / (ROWS.std(-1, ddof=1, keepdims=True) + 1e-3),
            "the unbiased deviation (divided by n - 1, not by n), eps added to it and eps=0.001",
        ),
        (ROWS / np.sqrt((ROWS**2).mean(-1, keepdims=True) + EPS), "the mean not taken off"),
    ],
)
def test_another_form_of_a_norm(port: Array, words: str) -> None:
    assert words in said(normed(ROWS, (-1,)), port, ROWS)


def test_weight_and_bias_along_the_last_axis_go_with_it() -> None:
    weight, bias = RNG.standard_normal(8) + 1, RNG.standard_normal(8)
    right, port = (normed(ROWS, (-1,), ddof) * weight + bias for ddof in (0, 1))
    assert "unbiased variance" in said(right, port, ROWS, weight=weight, bias=bias)


def test_what_is_no_norm_of_its_input_and_what_is_none_of_these_forms_is_not_explained() -> None:
    noise = RNG.standard_normal(MAP.shape)
    right, port = affine(normed(MAP, (1,))), affine(normed(MAP, (1, 2, 3)))
    assert said(noise, port, MAP, weight=WEIGHT, bias=BIAS) == ""
    assert said(right, noise, MAP, weight=WEIGHT, bias=BIAS) == ""
    assert said(right, port, MAP, "Conv2d", weight=WEIGHT, bias=BIAS) == ""
