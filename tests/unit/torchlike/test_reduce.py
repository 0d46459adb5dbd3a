from __future__ import annotations

import jittor as jt
import numpy as np
import pytest
import torch

from ports_jittor.torchlike import reduce
from tests.unit.torchlike.compare import FLOAT64, agree, distance, drawn

DIMS = [None, 1, -1, (0, 2, 3), (2, 3), (1, 3)]


@pytest.mark.parametrize("dim", DIMS)
@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "logsumexp"])
def test_reductions_are_torchs(path: str, name: str, dim: int | tuple[int, ...] | None) -> None:
    dims = (0, 1, 2, 3) if dim is None and name == "logsumexp" else dim
    x = drawn("x", 3, 4, 5, 6) + 1
    options = {} if dims is None else {"dim": dims}
    agree(lambda t: getattr(torch, name)(t, **options), lambda v: getattr(reduce, name)(v, dim), x)


@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "logsumexp"])
def test_float64_flows_through(name: str) -> None:
    agree(
        lambda t: getattr(torch, name)(t, dim=(0, 2, 3), keepdim=True),
        lambda v: getattr(reduce, name)(v, (0, 2, 3), keepdim=True),
        drawn("x", 3, 4, 5, 6),
        tolerance=FLOAT64,
        dtype="float64",
    )


@pytest.mark.parametrize("name", ["amax", "amin"])
@pytest.mark.parametrize("dim", [1, (0, 2, 3)])
def test_tied_extremes_share_the_gradient(path: str, name: str, dim: int | tuple[int, ...]) -> None:
    tied = np.round(drawn("x", 3, 4, 5, 6))
    agree(lambda t: getattr(torch, name)(t, dim), lambda v: getattr(reduce, name)(v, dim), tied)


@pytest.mark.parametrize("name", ["max", "min"])
def test_one_of_tied_extremes_along_a_dimension_takes_the_gradient(name: str) -> None:
    tied = np.round(drawn("x", 3, 4, 5, 6))
    agree(lambda t: getattr(t, name)(1)[0], lambda v: getattr(reduce, name)(v, 1)[0], tied)
    values, indices = getattr(reduce, name)(jt.array(tied), 2, keepdim=True)
    expected = getattr(torch.tensor(tied), name)(2, keepdim=True)
    assert (values.numpy() == expected[0].numpy()).all()
    assert (indices.numpy() == expected[1].numpy()).all()


def test_large_logits_do_not_overflow() -> None:
    agree(lambda t: torch.logsumexp(t, 1), lambda v: reduce.logsumexp(v, 1), 200 * drawn("x", 4, 7))


def test_a_long_sum_does_not_drift() -> None:
    x = drawn("x", 16, 2, 128, 128, law="uniform") + 10
    total = reduce.mean(jt.array(x), (0, 2, 3)).numpy()
    assert distance(total, x.astype(np.float64).mean((0, 2, 3))) < 1e-7
    assert distance(reduce.sum(jt.array(x)).numpy(), np.asarray(x.astype(np.float64).sum())) < 1e-7


def test_whole_numbers_and_truths_are_counted_without_wrapping() -> None:
    assert int(reduce.sum(jt.array(np.full(5, 200, np.uint8))).item()) == 1000
    assert int(reduce.sum(jt.array(np.array([True, False, True]))).item()) == 2


def test_a_dimension_that_is_not_there_is_refused() -> None:
    with pytest.raises(IndexError, match="dimension 2 of a tensor with 2: use -2 to 1"):
        reduce.sum(jt.zeros((2, 3)), 2)
