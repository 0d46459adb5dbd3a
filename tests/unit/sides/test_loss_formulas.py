"""Formulas in the place of an operation of a loss, compared with torch's and numpy's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from harness.sides.loss_formulas import described_index, distance, distance_for, fitting, with_index

GAP = torch.linspace(-3, 3, 25, dtype=torch.float64)


@pytest.mark.parametrize("value", [0.5, 1.0, 2.0])
def test_smooth_distances_are_torchs(value: float) -> None:
    zero = torch.zeros_like(GAP)
    smooth = functional.smooth_l1_loss(GAP, zero, reduction="none", beta=value)
    torch.testing.assert_close(distance("smooth_l1", value, GAP), smooth)
    huber = functional.huber_loss(GAP, zero, reduction="none", delta=value)
    torch.testing.assert_close(distance("huber", value, GAP), huber)


def test_other_distances_are_numpys() -> None:
    gap = GAP.numpy()
    np.testing.assert_allclose(distance("charbonnier", 0.01, GAP).numpy(), np.sqrt(gap**2 + 0.01))
    np.testing.assert_allclose(distance("log_cosh", 0.0, GAP).numpy(), np.log(np.cosh(gap)), atol=1e-12)
    np.testing.assert_allclose(distance("log1p", 0.0, GAP).numpy(), np.log1p(np.abs(gap)))
    np.testing.assert_allclose(distance("huber", 1e9, GAP).numpy(), gap**2 / 2)
    share = torch.tensor([0.25, 0.5], dtype=torch.float64)
    np.testing.assert_allclose(distance("negative_log", 0.0, share).numpy(), np.log([4.0, 2.0]))


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_a_distance_of_two_tensors_is_reduced_as_the_operation_says(reduction: str) -> None:
    other = GAP.flip(0) * 0.3
    expected = functional.smooth_l1_loss(GAP, other, reduction=reduction)
    found = distance_for("smooth_l1", 1.0, [GAP, other], (GAP, other), {"reduction": reduction})
    torch.testing.assert_close(found, expected)


def test_only_arguments_that_a_function_takes_are_given() -> None:
    def takes(x: Any, weight: Any = None) -> Any: ...

    def takes_any(x: Any, **more: Any) -> Any: ...

    given = {"weight": 1, "label_smoothing": 0.1}
    assert fitting(takes, given) == {"weight": 1}
    assert fitting(takes_any, given) == given


def test_an_index_is_described_and_changed_in_one_part() -> None:
    x = torch.arange(24).reshape(2, 3, 4)
    assert described_index((..., slice(None, 2))) == ["...", [None, 2, None]]
    assert described_index(-1) == [-1]
    assert described_index((None, x > 3, True)) == [None, "other", "other"]
    assert torch.equal(x[with_index((..., 1), 1, 3)], x[..., 3])
    assert torch.equal(x[with_index((..., slice(0, 2)), 1, [2, 4, 1])], x[..., 2:])
    assert torch.equal(x[with_index((..., slice(0, 2)), 1, {"columns": [0, 0]})], x[..., [0, 0]])
    assert torch.equal(x[with_index(1, 0, 0)], x[0])
