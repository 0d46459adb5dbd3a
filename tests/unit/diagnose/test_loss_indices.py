"""Other parts of what a loss takes out of a tensor by an index."""

from __future__ import annotations

from typing import Any

from harness.answers import LossOperation
from harness.diagnose import loss_indices


def values(index: list[Any], shape: list[int]) -> list[Any]:
    one = LossOperation("getitem.0", "getitem", {"index": index}, [], 1, len(shape), shape)
    return [edits[0].value for _, edits in loss_indices.edits([one])]


def test_a_corner_is_every_other_one() -> None:
    assert values(["...", 3], [2, 9, 4]) == [0, 1, 2]
    assert values([1], [3, 100]) == [0, 2]
    assert values(["...", -1], [2, 9, 50]) == [-2, 0]  # of many columns, those beside it


def test_a_slice_is_moved_and_of_two_columns_each_may_be_another() -> None:
    found = values(["...", [None, 2, None]], [9, 4])
    assert [2, 4, 1] in found  # the other half
    assert [1, 3, 1] in found
    assert {"columns": [0, 0]} in found
    assert {"columns": [1, 0]} in found
    assert {"columns": [0, 1]} not in found  # it is these already
    assert [0, 2, 1] not in found


def test_a_long_slice_is_moved_alone() -> None:
    found = values([[None, None, None], [1, None, None]], [3, 10])
    assert [0, 9, 1] in found
    assert not any(isinstance(value, dict) for value in found)


def test_what_no_plain_index_says_is_left_alone() -> None:
    assert values(["other", 1], [3, 4]) == []
    assert values([None], [3]) == []


def test_a_column_that_is_taken_together_with_others_is_another_or_missing() -> None:
    sides = LossOperation("prod.0", "prod", {"1": -1}, [], 1, 3, [2, 9, 2])
    found = [edits[0].value for _, edits in loss_indices.edits([sides])]
    assert found == [[1], [1, 1], [0, 0], [0]]
    for other in (
        LossOperation("prod.0", "prod", {}, [], 1, 3, [2, 9, 50]),
        LossOperation("exp.0", "exp", {}, [], 1, 3, [2, 9, 2]),
        LossOperation("sum.0", "sum", {}, [], 1, 1, [2]),
    ):
        assert list(loss_indices.edits([other])) == []
