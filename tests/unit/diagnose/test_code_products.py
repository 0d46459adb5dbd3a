"""Another rule for a matrix product in a loss's code; torch computes what each gives."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from harness.diagnose import code_products
from tests.unit.diagnose.changed_code import results, words_for

SHARES = torch.rand(2, 5, 7).softmax(-1)
BINS = torch.arange(7.0)
SQUARE = torch.rand(2, 5, 5)
GIVEN = {"a": SHARES, "bins": BINS, "b": SQUARE}


@pytest.mark.parametrize(
    ("body", "wanted", "words"),
    [
        (
            "return a.matmul(bins)",
            (SHARES * BINS).mean(-1),
            "the mean of the products, not their sum: divided by 7",
        ),
        ("return a @ bins", (SHARES * BINS).mean(-1), "divided by 7"),
        ("return torch.matmul(a, bins)", SHARES.argmax(-1).float(), "(argmax, the likeliest)"),
        ("return a.matmul(bins)", (SHARES * BINS).max(-1).values, "the largest of the products (max)"),
        ("return torch.bmm(b, a)", SQUARE.transpose(1, 2) @ SHARES, "it is transposed"),
        ("return b @ b.exp()", SQUARE @ SQUARE.exp() / 5**0.5, "the root of 5"),
    ],
)
def test_a_product_by_another_rule_is_found(body: str, wanted: Any, words: str) -> None:
    found = words_for(results(code_products.changes, body, GIVEN), wanted)
    assert any(words in one for one in found), found


@pytest.mark.parametrize("body", ["return a * bins", "return bins.sum() + a.sum()", "return torch.dot"])
def test_other_code_has_no_products(body: str) -> None:
    assert results(code_products.changes, body, GIVEN) == []
