"""Other axes in several calls, opposites exchanged, parts as one, ratios of each: among the changes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from harness.diagnose import code_sets
from tests.unit.diagnose.changed_code import results, words_for

torch.manual_seed(4)
A, B = torch.rand(2, 3, 6), torch.rand(2, 3, 6)
MASK = torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
GIVEN: dict[str, Any] = {"a": A, "b": B, "mask": MASK, "counts": (4, 2)}
NEAREST = """
found = [one.amax(-1) for one, count in zip(a.split(list(counts), -1), counts)]
return torch.stack(found).sum()
"""
RATIO = "return (a[..., 0] * mask).sum() / mask.sum()"
BY_NAME = "count = mask.sum().clamp(min=1)\nreturn (a[..., 0] * mask).sum() / count"
OF_EACH = ((A[..., 0] * MASK).sum(1) / MASK.sum(1)).mean()

KINDS: list[tuple[str, str, Tensor]] = [
    ("return a.amax(dim=-1, keepdim=True) / b.amax(dim=-1, keepdim=True)", "over axis 1, not 2, in 2 calls",
     A.amax(dim=1, keepdim=True) / B.amax(dim=1, keepdim=True)),
    ("c = a.softmax(-1)\nreturn c * b.softmax(-1)", "over axis 1", A.softmax(1) * B.softmax(1)),
    ("return torch.minimum(a, b).sum() / torch.maximum(a, b).sum()", "exchanged",
     torch.maximum(A, B).sum() / torch.minimum(A, B).sum()),
    (NEAREST, "levels", A.amax(-1).sum()),
    (RATIO, "of each sample", OF_EACH),
    (BY_NAME, "of each sample", OF_EACH),
    ("return (a.sum(-1) / b.sum(-1)).mean()", "ratio of the sums of all", A.sum() / B.sum()),
]  # fmt: skip


@pytest.mark.parametrize(("right", "words", "value"), KINDS)
def test_another_set_is_among_the_changes_and_said_in_words(right: str, words: str, value: Tensor) -> None:
    found = words_for(results(code_sets.changes, right, GIVEN), value)
    assert any(words in one for one in found)


def test_one_call_alone_and_one_opposite_alone_are_left_to_others() -> None:
    assert results(code_sets.changes, "return a.amax(dim=-1) + torch.minimum(a, b).sum()", GIVEN) == []
