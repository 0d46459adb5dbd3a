from __future__ import annotations

import jittor as jt
import pytest
import torch
from torch.nn import functional

from ports_jittor.torchlike import functional as ours
from ports_jittor.torchlike import linear, nn
from tests.unit.torchlike.compare import agree, drawn

SHAPES = [
    ((3, 4, 5), (3, 5, 2)), ((2, 3, 4, 5), (2, 3, 5, 6)), ((2, 1, 4, 5), (3, 5, 6)), ((4, 5), (3, 5, 6)),
    ((3, 4, 5), (5, 6)), ((4, 5), (5, 3)), ((4, 5), (5,)), ((5,), (5,)), ((5,), (3, 5, 2)),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right"), SHAPES, ids=str)
def test_products_are_torchs(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    agree(torch.matmul, linear.matmul, drawn("a", *left), drawn("b", *right))


def test_bmm_is_torchs_and_refuses_other_shapes() -> None:
    agree(torch.bmm, linear.bmm, drawn("a", 3, 4, 5), drawn("b", 3, 5, 2))
    with pytest.raises(ValueError, match=r"bmm: shapes \(3, 4, 5\) and \(3, 4, 5\)"):
        linear.bmm(jt.ones((3, 4, 5)), jt.ones((3, 4, 5)))


@pytest.mark.parametrize("rows", [(7,), (2, 3)])
def test_linear_is_torchs(path: str, rows: tuple[int, ...]) -> None:
    x = drawn("x", *rows, 5)
    agree(functional.linear, ours.linear, x, drawn("w", 4, 5), drawn("b", 4))
    agree(functional.linear, ours.linear, x, drawn("w", 4, 5))


def test_a_layer_starts_within_torchs_bounds() -> None:
    layer = nn.Linear(16, 500)
    for start in (layer.weight.numpy(), layer.bias.numpy()):
        assert 0.24 < abs(start).max() <= 0.25
    assert nn.Linear(3, 4, bias=False).bias is None
