"""Hypotheses: a matrix product stands in the place of another function of two tensors."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations, product

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, Trial
from harness.diagnose.functions import given_to_the_maker

_MOST_PRODUCTS = 1 << 26


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """Products of two that are given, in either order, each as it is or transposed."""
    forms = {name: list(_matrices(tensor)) for name, tensor in given_to_the_maker(evidence).items()}
    for pair in combinations(forms, 2):
        for one, other in permutations(pair):
            for (turned, left), (its_turned, right) in product(forms[one], forms[other]):
                if _fits(left, right, evidence.port):
                    words = f"the matrix product (matmul) of {one}{turned} and {other}{its_turned}"
                    found = np.matmul(left, right).reshape(evidence.port.shape)
                    yield Trial(words, predicted=found.astype(evidence.port.dtype))


def _matrices(tensor: Array) -> Iterator[tuple[str, Array]]:
    """A tensor as a matrix or a stack of them: axes of one element count for nothing."""
    wide = tensor.astype(np.float64)
    wide = wide if min(wide.shape[-2:], default=1) > 1 else wide.squeeze()
    if wide.ndim >= 2:
        yield "", wide
        yield ", transposed,", wide.swapaxes(-1, -2)


def _fits(left: Array, right: Array, port: Array) -> bool:
    if left.shape[-1] != right.shape[-2] or left.shape[:-2] != right.shape[:-2]:
        return False
    made = left.size // left.shape[-1] * right.shape[-1]
    return made == port.size and made * left.shape[-1] <= _MOST_PRODUCTS
