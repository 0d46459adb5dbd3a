"""A mask at another place, for other axes, or choosing in place of weighing is among the changes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from harness.diagnose import code_masks
from tests.unit.diagnose.changed_code import results, words_for

torch.manual_seed(3)
SCORES, LABELS = torch.randn(2, 4, 5), torch.randint(5, (2, 4))
MASK = torch.tensor([[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 0.0]])
HOLDS = MASK > 0
GIVEN: dict[str, Any] = {"scores": SCORES, "labels": LABELS, "mask": MASK, "holds": HOLDS}
EACH = """
rows, wanted = scores.reshape(-1, 5), labels.reshape(-1)
each = functional.cross_entropy(rows, wanted, reduction="none").reshape(mask.shape)
return (each * mask).sum() / mask.sum()
"""


def entropy(scores: Tensor, labels: Tensor) -> Tensor:
    return functional.cross_entropy(scores.reshape(-1, 5), labels.reshape(-1), reduction="none").reshape(2, 4)


MASKED = SCORES * MASK[..., None]
KINDS: list[tuple[str, str, Tensor]] = [
    (EACH, "moved", entropy(MASKED, LABELS).sum() / MASK.sum()),
    (EACH, "multiplied by the mask", (entropy(MASKED, LABELS) * MASK).sum() / MASK.sum()),
    (EACH, "it is 0 outside", (entropy(SCORES, LABELS * HOLDS) * MASK).sum() / MASK.sum()),
    (EACH, "moved", entropy(SCORES, LABELS * HOLDS).sum() / MASK.sum()),
    ("return (scores[..., 0] * mask).mean()", "chosen", SCORES[..., 0][HOLDS].mean()),
    ("return (mask * scores[..., 0]).mean()", "chosen", SCORES[..., 0][HOLDS].mean()),
    ("return functional.mse_loss(scores[..., 0], mask / 2)", "only where the mask mask",
     ((SCORES[..., 0] - MASK / 2).square() * MASK).sum() / 5),
    ("return scores[..., 0][holds].mean()", "not chosen", (SCORES[..., 0] * MASK).mean()),
    ("return (scores.softmax(-1)[..., 0] * mask).sum()", "huge negative",
     (SCORES.masked_fill(MASK[..., None] == 0, -1e9).softmax(-1)[..., 0]).sum()),
]  # fmt: skip


@pytest.mark.parametrize(("right", "words", "value"), KINDS)
def test_a_mask_elsewhere_is_among_the_changes_and_said_in_words(
    right: str, words: str, value: Tensor
) -> None:
    found = words_for(results(code_masks.changes, right, GIVEN), value)
    assert any(words in one for one in found)


def test_without_a_mask_there_is_none_to_move() -> None:
    assert results(code_masks.changes, "return (scores * 2).sum()", {"scores": SCORES}) == []
