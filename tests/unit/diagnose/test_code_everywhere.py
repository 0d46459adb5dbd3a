"""One slip in the code of several functions is one trial, with an edit for each of them."""

from __future__ import annotations

import torch

from harness.diagnose import code_everywhere
from tests.unit.diagnose.changed_code import tree_of

A = torch.rand(2, 4)
GIVEN = {"a": A, "b": A + 1}
SIDES = "return (b - a).clamp(min=0).prod(-1)"
TIMES = "high, low = b, a\nreturn (high - low).clamp(min=0).prod(-1) + 1"


def test_a_side_longer_by_one_is_so_in_all_functions() -> None:
    trees = [tree_of(SIDES, GIVEN, "made.py:1"), tree_of(TIMES, GIVEN, "made.py:9")]
    words, edits = next(
        (words, edits) for words, edits in code_everywhere.edits(trees) if "inclusive" in words
    )
    assert [edit.path for edit in edits] == ["made.py:1", "made.py:9"]
    assert words.count("plus 1") == 2
    assert [trees[0].code.text[edits[0].value[0][0] : edits[0].value[0][1]]] == ["b - a"]
    assert edits[1].value[0][2] == "((high - low) + 1)"


def test_a_function_for_another_one_is_so_in_all_functions() -> None:
    trees = [tree_of("return a.sum()", GIVEN, "made.py:1"), tree_of("return b.sum()", GIVEN, "made.py:9")]
    (edits,) = [edits for words, edits in code_everywhere.edits(trees) if "mean in place of sum" in words]
    assert [edit.value[0][2] for edit in edits] == ["mean", "mean"]


def test_one_function_alone_is_left_to_others() -> None:
    assert list(code_everywhere.edits([tree_of(SIDES, GIVEN)])) == []
