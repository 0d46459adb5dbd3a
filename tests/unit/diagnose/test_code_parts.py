"""A part that counts alone, another order of rows, other rows: among the changes, and said in words."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from harness.diagnose import code_parts
from tests.unit.diagnose.changed_code import results, words_for

torch.manual_seed(2)
P, T = torch.randn(2, 3, 12, 12), torch.randn(2, 3, 12, 12)
MASK = torch.rand(2, 5) > 0.4
MASK[:, 0] = True
VALUES, POINTS = torch.randn(2, 5, 4), torch.randn(5, 4)
PLACES = torch.tensor([[0, 2, 2], [4, 1, 0]])
GIVEN: dict[str, Any] = {"p": P, "t": T, "mask": MASK, "values": VALUES, "points": POINTS, "places": PLACES}
INNER = (slice(None), slice(None), slice(4, -4), slice(4, -4))
GAP = (P - T).abs()
SAMPLES = MASK.nonzero()[:, 0]

KINDS: list[tuple[str, str, Tensor]] = [
    ("(p - t).abs().mean()", "border of 4 is cropped", GAP[INNER].mean()),
    ("torch.nn.functional.l1_loss(p, t)", "border of 4 is cropped", GAP[INNER].mean()),
    ("(p - t).abs().mean()", "first channel", GAP[:, :1].mean()),
    ("(p - t).abs().mean()", "first sample", GAP[:1].mean()),
    ("(p - t).abs().mean()", "every 2", GAP[..., ::2, ::2].mean()),
    ("p.reshape(-1, 12)", "permuted", P.transpose(1, 3).reshape(-1, 12)),
    ("p.flatten(1)", "permuted", P.transpose(1, 2).flatten(1)),
    ("values.gather(1, places[..., None].expand(-1, -1, 4))", "offset",
     VALUES[:1].expand_as(VALUES).gather(1, PLACES[..., None].expand(-1, -1, 4))),
    ("points.expand_as(values)[mask]", "//", POINTS[SAMPLES]),
    ("values[mask]", "offset", VALUES[0][MASK.nonzero()[:, 1]]),
]  # fmt: skip


@pytest.mark.parametrize(("right", "words", "value"), KINDS)
def test_a_slip_is_among_the_changes_and_said_in_words(right: str, words: str, value: Tensor) -> None:
    found = words_for(results(code_parts.changes, f"return {right}", GIVEN), value)
    assert any(words in one for one in found)


def test_a_border_wider_than_the_half_is_not_cropped() -> None:
    assert not any("of 6 " in words for words, _ in results(code_parts.changes, "return p.mean()", GIVEN))


def test_what_has_no_rows_is_left_alone() -> None:
    body = "return values[0] + values[:, 1] + values.sum(0)[:2]"
    assert results(code_parts.changes, body, {"values": torch.randn(2, 2, 2)}) == []
