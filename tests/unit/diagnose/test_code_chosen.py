"""Another rule for what an index chooses in a loss's code; torch computes what each gives."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from harness.diagnose import code_chosen
from tests.unit.diagnose.changed_code import results, words_for

SCORES = torch.rand(2, 5, 7)
LABELS = torch.randint(0, 5, (2, 3, 7))
TABLE, ROWS, OF_ROW = torch.rand(6, 4), torch.arange(6), torch.tensor([0, 3, 2, 1, 1, 3])
GIVEN = {"s": SCORES, "labels": LABELS, "table": TABLE, "rows": ROWS, "of": OF_ROW}
GATHERED, TAKEN = "return s.gather(1, labels)", "return table[rows, of]"


@pytest.mark.parametrize(
    ("body", "wanted", "words"),
    [
        (
            GATHERED,
            SCORES.amax(1, keepdim=True).expand(2, 3, 7),
            "the largest (max, the likeliest) along axis 1",
        ),
        (GATHERED, SCORES.mean(1, keepdim=True).expand(2, 3, 7), "the mean along axis 1"),
        (
            GATHERED,
            SCORES.gather(1, (LABELS - 1).clamp(min=0)),
            "`labels` as an index is one less: off by one",
        ),
        (
            "return s.take_along_dim(labels, 1)",
            SCORES[:, :1].expand(2, 3, 7),
            "the first along axis 1, not the one that an index chooses",
        ),
        (TAKEN, TABLE.amax(1), "the largest (max, the likeliest) along axis 1"),
        (TAKEN, TABLE.sum(1), "the sum along axis 1"),
        (TAKEN, TABLE[ROWS, (OF_ROW + 1).clamp(max=3)], "`of` as an index is one more: off by one"),
    ],
)
def test_a_choice_by_another_rule_is_found(body: str, wanted: Any, words: str) -> None:
    found = words_for(results(code_chosen.changes, body, GIVEN), wanted)
    assert any(words in one for one in found), found


@pytest.mark.parametrize(
    "body", ["return s[:, 0]", "return table[1, 2]", "return table[of]", "return s.sum(1)"]
)
def test_what_no_index_chooses_is_left_alone(body: str) -> None:
    assert results(code_chosen.changes, body, GIVEN) == []
