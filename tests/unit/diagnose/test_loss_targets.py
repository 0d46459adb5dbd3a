"""What a loss compares is moved, bounded, rounded or divided; which edits are tried, and where."""

from __future__ import annotations

from harness.answers import LossOperation, LossTensor
from harness.diagnose import loss_targets
from harness.diagnose.loss_makers import made_of
from harness.requests import Edit

LABELS = LossOperation(
    "cross_entropy.0", "cross_entropy", {}, [], 2, 2, [12, 5], {},
    [LossTensor("cross_entropy.0:0", [12, 5]), LossTensor("cross_entropy.0:1", [12])],
    LossTensor("cross_entropy.0", []),
)  # fmt: skip
GAP = LossOperation(
    "sub.0", "sub", {}, [], 2, 2, [3, 4], {},
    [LossTensor("sub.0:0", [3, 4]), LossTensor("sub.0:1", [3, 4])], LossTensor("sub.0", [3, 4]),
)  # fmt: skip
SIZE = LossOperation(
    "abs.0", "abs", {}, [], 1, 2, [3, 4], {}, [LossTensor("sub.0", [3, 4])], LossTensor("abs.0", [3, 4])
)
MEAN = LossOperation(
    "mean.0", "mean", {}, [], 1, 2, [3, 4], {}, [LossTensor("abs.0", [3, 4])], LossTensor("mean.0", [])
)
WHOLE = [GAP, SIZE, MEAN]


def test_a_row_of_labels_is_tried_as_every_number_of_lines() -> None:
    edits = [edit for _, (edit,) in loss_targets.edits([LABELS])]
    lines = [edit.value for edit in edits if edit.how == "column by column"]
    assert lines == [2, 3, 4, 6]
    shifts = [edit.value for edit in edits if edit.how == "shifted"]
    assert shifts == [[lines, step] for lines in (1, 2, 3, 4, 6) for step in (1, -1)]
    assert not any(edit.how in ("shifted", "column by column") for _, (edit,) in loss_targets.edits(WHOLE))


def test_only_one_number_is_computed_for_each_sample() -> None:
    found = [edit.path for _, (edit,) in loss_targets.edits(WHOLE) if edit.how == "by sample"]
    assert found == ["mean.0"]


def test_only_what_cuts_off_is_rounded() -> None:
    whole = LossOperation("long.0", "long", {}, [], 1, 1, [3], {}, [], LossTensor("long.0", [3]))
    said = [words for words, _ in loss_targets.edits([whole])]
    assert "input 0 of long.0 is rounded before (round: the nearest number)" in said
    assert not any("rounded" in words for words, _ in loss_targets.edits(WHOLE))


def test_a_result_is_divided_by_what_it_is_made_of() -> None:
    found = dict(loss_targets.combined(WHOLE, WHOLE))
    assert found["the result of abs.0 is divided by input 1 of sub.0"] == [
        Edit("abs.0", "combined", name="sub.0:1", function="div")
    ]
    assert "the result of abs.0 is taken plus the result of sub.0, a term more" not in found


def test_what_a_tensor_is_made_of_is_told_with_the_nearest_first() -> None:
    makers = {one.path: one for one in WHOLE}
    assert list(made_of("mean.0", [3, 4], makers, 3)) == ["abs.0", "sub.0", "sub.0:0", "sub.0:1"]
    assert list(made_of("mean.0", [3, 4], makers, 1)) == ["abs.0"]
    assert list(made_of("mean.0", [9], makers, 3)) == []
