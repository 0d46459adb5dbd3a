from __future__ import annotations

import jittor as jt
import pytest
import torch
from torch.nn import functional

from ports_jittor.torchlike import functional as ours
from ports_jittor.torchlike import nn
from tests.unit.torchlike.compare import FLOAT64, agree, drawn

CASES = [
    ((2, 2, 2, 2), "reflect", None), ((1, 0, 0, 5), "reflect", None), ((1, 2, 3, 9), "replicate", None),
    ((1, 2, 3, 4), "circular", None), ((1, 2, 3, 4), "constant", 2.5), ((1, 2), "constant", None),
    ((-1, 2, -3, 1), "constant", None), ((-2, -1, 1, -1), "replicate", None),
]  # fmt: skip


@pytest.mark.parametrize(("amounts", "mode", "value"), CASES, ids=str)
def test_padding_is_torchs(amounts: tuple[int, ...], mode: str, value: float | None) -> None:
    agree(
        lambda t: functional.pad(t, amounts, mode, value),
        lambda v: ours.pad(v, amounts, mode, value),
        drawn("x", 2, 3, 7, 9),
    )


def test_float64_flows_through() -> None:
    agree(
        lambda t: functional.pad(t, (2, 2, 2, 2), "reflect"),
        lambda v: ours.pad(v, (2, 2, 2, 2), "reflect"),
        drawn("x", 2, 3, 7, 9),
        tolerance=FLOAT64,
        dtype="float64",
    )


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("ReflectionPad2d", (2,)), ("ReflectionPad2d", ((1, 2, 3, 0),)),
        ("ReplicationPad2d", ((1, 2, 3, 0),)), ("ZeroPad2d", ((1, 2, 3, 0),)), ("ConstantPad2d", (1, 0.5)),
    ],
)  # fmt: skip
def test_layers_are_torchs(kind: str, arguments: tuple[object, ...]) -> None:
    reference, port = (getattr(room, kind)(*arguments) for room in (torch.nn, nn))
    agree(reference, port, drawn("x", 2, 3, 7, 9))
    assert port.padding == reference.padding


def test_what_torch_refuses_is_refused() -> None:
    x = jt.ones((1, 1, 4, 4))
    with pytest.raises(ValueError, match="mode reflect can pad a side of 4 by at most 3, not by 4"):
        ours.pad(x, (4, 0, 0, 0), "reflect")
    with pytest.raises(ValueError, match="mode 'mirror'"):
        ours.pad(x, (1, 1, 1, 1), "mirror")
    with pytest.raises(ValueError, match="leave nothing of 4"):
        ours.pad(x, (-2, -2, 0, 0))
    with pytest.raises(ValueError, match="6 amounts for 4 dimensions"):
        ours.pad(x, (1, 1, 1, 1, 1, 1))
