"""A stretch of a tensor whose gradient is lost is told; torch computes the gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.diagnose import Cause, DifferingLayer, explain_gradient

X = torch.randn(2, 6, 4, 5, generator=torch.Generator().manual_seed(4))


def gradient(function: Callable[[Tensor], Tensor]) -> NDArray[Any]:
    given = X.clone().requires_grad_()
    function(given).square().sum().backward()
    assert given.grad is not None
    return given.grad.numpy()


def explained(right: Callable[[Tensor], Tensor], wrong: Callable[[Tensor], Tensor]) -> Cause:
    reference, port = gradient(right), gradient(wrong)
    return explain_gradient(DifferingLayer("grad", reference, port, floor=1e-4))


def gate(x: Tensor) -> Tensor:
    one, other = x.chunk(2, 1)
    return one * other


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        (
            gate,
            lambda x: x[:, :3] * x[:, 3:].detach(),
            "zero at indices 3 to 5 of 6 along axis 1 (the second half)",
        ),
        (
            gate,
            lambda x: x[:, :3].detach() * x[:, 3:],
            "zero at indices 0 to 2 of 6 along axis 1 (the first half)",
        ),
        (
            torch.exp,
            lambda x: torch.cat((x[:, :1].exp().detach(), x[:, 1:].exp()), 1),
            "zero at index 0 of 6",
        ),
        (torch.exp, lambda x: torch.cat((x[:1].exp(), x[1:].exp().detach())), "index 1 of 2 along axis 0"),
    ],
)
def test_the_part_that_is_detached_is_told(
    right: Callable[[Tensor], Tensor], wrong: Callable[[Tensor], Tensor], words: str
) -> None:
    found = explained(right, wrong)
    assert words in found.sentence
    assert "detached" in found.sentence


def test_a_part_that_is_also_wrong_elsewhere_is_not() -> None:
    found = explained(gate, lambda x: 1.1 * x[:, :3] * x[:, 3:].detach())
    assert "detached" not in found.sentence


def test_zeros_that_both_have_are_no_part() -> None:
    found = explained(lambda x: x[:, :3].exp(), lambda x: x[:, :3].exp() * 1.5)
    assert "detached" not in found.sentence
