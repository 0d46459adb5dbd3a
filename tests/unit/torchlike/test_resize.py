from __future__ import annotations

import jittor as jt
import pytest
import torch
from torch.nn import functional

from ports_jittor.torchlike import functional as ours
from ports_jittor.torchlike import nn
from tests.unit.torchlike.compare import FLOAT64, agree, drawn

HOW = [
    {"size": (14, 18)}, {"size": (13, 5)}, {"size": 7}, {"size": (1, 1)},
    {"scale_factor": 2}, {"scale_factor": 1.7}, {"scale_factor": 0.5}, {"scale_factor": (2, 1.3)},
]  # fmt: skip
MODES = [
    {"mode": "nearest"},
    {"mode": "bilinear", "align_corners": False},
    {"mode": "bilinear", "align_corners": True},
]


@pytest.mark.parametrize("mode", MODES, ids=str)
@pytest.mark.parametrize("how", HOW, ids=str)
def test_interpolation_is_torchs(how: dict[str, object], mode: dict[str, object]) -> None:
    x = drawn("x", 2, 3, 7, 9)
    agree(lambda t: functional.interpolate(t, **how, **mode), lambda v: ours.interpolate(v, **how, **mode), x)


def test_the_default_is_nearest() -> None:
    agree(lambda t: functional.interpolate(t, 5), lambda v: ours.interpolate(v, 5), drawn("x", 2, 3, 7, 9))


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_float64_flows_through(mode: dict[str, object]) -> None:
    agree(
        lambda t: functional.interpolate(t, (13, 5), **mode),
        lambda v: ours.interpolate(v, (13, 5), **mode),
        drawn("x", 2, 3, 7, 9),
        tolerance=FLOAT64,
        dtype="float64",
    )


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("Upsample", {"scale_factor": 2}),
        ("Upsample", {"size": (9, 4), "mode": "bilinear", "align_corners": True}),
        ("UpsamplingNearest2d", {"scale_factor": 2}),
        ("UpsamplingBilinear2d", {"size": (9, 4)}),
    ],
)
def test_layers_are_torchs(kind: str, options: dict[str, object]) -> None:
    reference, port = (getattr(room, kind)(**options) for room in (torch.nn, nn))
    agree(reference, port, drawn("x", 2, 3, 7, 9))
    names = ("size", "scale_factor", "mode", "align_corners")
    assert [getattr(port, name) for name in names] == [getattr(reference, name) for name in names]


def test_unclear_wishes_are_refused() -> None:
    x = jt.ones((1, 1, 4, 4))
    with pytest.raises(ValueError, match="either size or scale_factor"):
        ours.interpolate(x)
    with pytest.raises(ValueError, match="either size or scale_factor"):
        ours.interpolate(x, 3, 2.0)
    with pytest.raises(ValueError, match="mode 'bicubic'; it may be nearest or bilinear"):
        ours.interpolate(x, 3, mode="bicubic")
