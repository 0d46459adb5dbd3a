from __future__ import annotations

from itertools import product

import jittor as jt
import numpy as np
import pytest
import torch
from torch.nn import functional

from ports_jittor.torchlike import functional as ours
from ports_jittor.torchlike import nn
from tests.unit.torchlike.compare import FLOAT64, agree, drawn

SIZES = [(11, 8), (5, 4)]
WINDOWS = [
    {"kernel_size": kernel, "stride": stride, "padding": padding, "ceil_mode": ceil_mode}
    for (kernel, stride, padding), ceil_mode in product(
        [(2, None, 0), (3, 2, 1), (2, 3, 1), (5, 1, 2), ((4, 3), (1, 2), (2, 0))], [False, True]
    )
]


def tied(*size: int) -> np.ndarray:
    """Small whole numbers, so that most windows have several maxima."""
    return np.round(2 * drawn("x", 2, 3, *size))


@pytest.mark.parametrize("options", WINDOWS, ids=str)
@pytest.mark.parametrize("size", SIZES)
def test_max_pooling_is_torchs(path: str, size: tuple[int, int], options: dict[str, object]) -> None:
    agree(lambda t: functional.max_pool2d(t, **options), lambda v: ours.max_pool2d(v, **options), tied(*size))


def test_max_pooling_with_dilation_is_torchs(path: str) -> None:
    options = {"kernel_size": 3, "stride": 1, "padding": 1, "dilation": (2, 3)}
    agree(lambda t: functional.max_pool2d(t, **options), lambda v: ours.max_pool2d(v, **options), tied(9, 11))


@pytest.mark.parametrize("options", WINDOWS, ids=str)
@pytest.mark.parametrize("count_include_pad", [True, False])
def test_average_pooling_is_torchs(path: str, options: dict[str, object], count_include_pad: bool) -> None:
    every = {**options, "count_include_pad": count_include_pad}
    x = drawn("x", 2, 3, 11, 8)
    agree(lambda t: functional.avg_pool2d(t, **every), lambda v: ours.avg_pool2d(v, **every), x)


def test_average_pooling_takes_another_divisor() -> None:
    options = {"kernel_size": 3, "padding": 1, "divisor_override": 5}
    x = drawn("x", 2, 3, 7, 8)
    agree(lambda t: functional.avg_pool2d(t, **options), lambda v: ours.avg_pool2d(v, **options), x)


@pytest.mark.parametrize("output", [1, (5, 7), (20, 9), (None, 2)], ids=str)
@pytest.mark.parametrize("name", ["adaptive_avg_pool2d", "adaptive_max_pool2d"])
def test_adaptive_pooling_is_torchs(path: str, name: str, output: int | tuple[int | None, ...]) -> None:
    x = drawn("x", 2, 3, 13, 17) if "avg" in name else tied(13, 17)
    agree(lambda t: getattr(functional, name)(t, output), lambda v: getattr(ours, name)(v, output), x)


def test_float64_flows_through() -> None:
    x = drawn("x", 2, 3, 13, 17)
    for name in ("adaptive_avg_pool2d", "adaptive_max_pool2d"):
        port, truth = getattr(ours, name), getattr(functional, name)
        agree(
            lambda t, f=truth: f(t, (5, 7)),
            lambda v, f=port: f(v, (5, 7)),
            x,
            tolerance=FLOAT64,
            dtype="float64",
        )


def test_impossible_windows_are_refused() -> None:
    x = jt.ones((1, 1, 4, 4))
    with pytest.raises(ValueError, match=r"a window of 5 \(dilation 1\) does not fit into 4"):
        ours.max_pool2d(x, 5)
    with pytest.raises(ValueError, match="padding 2 of a window of 3"):
        ours.avg_pool2d(x, 3, padding=2)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("MaxPool2d", {"kernel_size": 3, "stride": 2, "padding": 1, "dilation": 1, "ceil_mode": True}),
        ("MaxPool2d", {"kernel_size": 2}),
        (
            "AvgPool2d",
            {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": False},
        ),
        ("AdaptiveAvgPool2d", {"output_size": (3, 5)}),
        ("AdaptiveMaxPool2d", {"output_size": 2}),
    ],
)
def test_layers_take_and_keep_torchs_arguments(kind: str, options: dict[str, object]) -> None:
    reference, port = (getattr(room, kind)(**options) for room in (torch.nn, nn))
    agree(reference, port, drawn("x", 2, 3, 8, 9))
    kept = {**options, "stride": None} if kind.endswith("Pool2d") and "Adaptive" not in kind else options
    assert {name: getattr(port, name) for name in kept} == {name: getattr(reference, name) for name in kept}
