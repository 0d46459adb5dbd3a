"""Functions that stand before an operation of a loss: which are tried, and where."""

from __future__ import annotations

from harness.answers import LossOperation, LossTensor
from harness.diagnose import loss_inserts
from harness.requests import Edit

SCORES, LABELS = LossTensor("x", [6, 5]), LossTensor("y", [6])
ENTROPY = LossOperation("cross_entropy.0", "cross_entropy", {}, [], 2, 2, [6, 5], {}, [SCORES, LABELS])
SOFTPLUS = LossOperation("softplus.0", "softplus", {}, [], 1, 1, [6], {}, [LossTensor("z", [6])])
RATIO = LossOperation(
    "div.0", "div", {}, [], 2, 0, [], {}, [LossTensor("sum.0", []), LossTensor("sum.1", [])]
)


def test_a_logit_is_negated_and_taken_from_one() -> None:
    found = dict(loss_inserts.edits([SOFTPLUS]))
    words = "input 0 of softplus.0 is negated before: its sign is the opposite one"
    assert found[words] == [Edit("softplus.0", "before", function="neg")]
    assert found["input 0 of softplus.0 is taken from 1 before (1 minus it)"] == [
        Edit("softplus.0", "before", function="__rsub__", value=[1.0])
    ]
    assert not any("softmax" in one for one in found)  # a row has no other axis


def test_shares_are_taken_along_an_axis_of_what_has_several() -> None:
    found = dict(loss_inserts.edits([ENTROPY]))
    assert found["input 0 of cross_entropy.0 goes through log_softmax over axis 1 before"] == [
        Edit("cross_entropy.0", "before", function="log_softmax", value=[1])
    ]
    assert not any("input 1 of cross_entropy.0 goes through softmax" in words for words in found)


def test_labels_are_off_by_one_and_a_divisor_is_one_at_least() -> None:
    found = dict(loss_inserts.edits([ENTROPY, RATIO]))
    assert found["the labels (input 1) of cross_entropy.0 are one less: off by one"] == [
        Edit("cross_entropy.0", "before", function="add", value=[-1], place=1)
    ]
    assert "input 1 of div.0 is clamped to 1 at least before" in found
    assert not any("of softplus.0 are one" in words for words, _ in loss_inserts.edits([SOFTPLUS]))
