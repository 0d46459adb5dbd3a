"""Other counts that a loss is divided by, and one place for a reduction; torch computes what each gives."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from harness.diagnose import code_inserts, code_normalisers
from tests.unit.diagnose.changed_code import results, words_for

EACH, THERE = torch.rand(3, 5), (torch.rand(3, 5) > 0.4).float()
SIDES, LABELS = torch.rand(3, 5, 4), torch.randint(0, 9, (3, 5))
GIVEN = {"each": EACH, "there": THERE, "sides": SIDES, "labels": LABELS}
BOTH = "one = (each * there).sum() / there.sum()\nreturn one + each.exp().mean()"
ONE = (EACH * THERE).sum() / THERE.sum()


@pytest.mark.parametrize(
    ("body", "wanted", "words"),
    [
        (BOTH, ONE + EACH.exp().sum() / THERE.sum(), "divided by `there.sum()` (another normaliser)"),
        (BOTH, ONE + EACH.exp().sum() / 3, "divided by how many samples there are (the batch)"),
        (
            "return each.sum() / there.sum() + sides.sum() / (sides > 0.5).sum()",
            EACH.sum() / (SIDES > 0.5).sum() + SIDES.sum() / (SIDES > 0.5).sum(),
            "not by `there.sum()`: another normaliser",
        ),
        (
            "return sides.amin(dim=-1) > 0.3",
            SIDES[..., 0] > 0.3,
            "takes the first along axis 2 alone, not the amin",
        ),
        (
            "return sides.sum(1, keepdim=True)",
            SIDES[:, -1:],
            "takes the last along axis 1 alone, not the sum of all",
        ),
    ],
)
def test_another_count_or_one_place_is_found(body: str, wanted: Any, words: str) -> None:
    found = words_for(results(code_normalisers.changes, body, GIVEN), wanted)
    assert any(words in one for one in found), found


@pytest.mark.parametrize("body", ["return each.mean(1)[0]", "return each / 2", "return labels + 1"])
def test_what_is_divided_by_nothing_else_has_no_other_count(body: str) -> None:
    found = results(code_normalisers.changes, body, GIVEN)
    assert not any("normaliser" in words for words, _ in found)


@pytest.mark.parametrize(("step", "axis"), [(1, 0), (-1, 1)])
def test_labels_that_are_shifted_by_one_are_found(step: int, axis: int) -> None:
    body = "return sides.gather(2, (labels % 4)[..., None]).sum() * labels.float().mean()"
    moved = LABELS.roll(step, axis)
    wanted = SIDES.gather(2, (moved % 4)[..., None]).sum() * LABELS.float().mean()
    found = words_for(results(code_inserts.changes, body, GIVEN), wanted)
    assert any(f"shifted by one along axis {axis} (rolled by {step})" in one for one in found), found
