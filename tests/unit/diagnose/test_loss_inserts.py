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
        Edit("cross_entropy.0", "labels", value=[-1, 5], place=1)
    ]
    assert "input 1 of div.0 is clamped to 1 at least before" in found
    assert not any("of softplus.0 are one" in words for words, _ in loss_inserts.edits([SOFTPLUS]))


def test_one_tensor_is_changed_in_all_its_uses() -> None:
    share = LossTensor("sigmoid.0", [6])
    product = LossOperation("mul.0", "mul", {}, [], 2, 1, [6], {}, [share, LossTensor("m", [6])])
    total = LossOperation("sum.0", "sum", {}, [], 1, 1, [6], {}, [share])
    found = dict(loss_inserts.in_all_uses([product, total]))
    words = "sigmoid.0, which is input 0 of mul.0 and input 0 of sum.0, goes through sigmoid before"
    assert found[words] == [
        Edit("mul.0", "before", function="sigmoid"),
        Edit("sum.0", "before", function="sigmoid"),
    ]
    assert not any("m, which" in one for one in found)
    square = LossOperation("mul.0", "mul", {}, [], 2, 1, [6], {}, [share, share])
    assert list(loss_inserts.in_all_uses([square])) == []  # one operation has one edit


def test_only_what_is_one_number_is_changed_behind() -> None:
    mean = LossOperation("mean.0", "mean", {}, [], 1, 1, [6], {}, [], LossTensor("mean.0", []))
    found = dict(loss_inserts.edits([mean]))
    assert found["behind mean.0, its square root is taken"] == [Edit("mean.0", "after", function="sqrt")]
    assert not any(edits[0].how == "after" for _, edits in loss_inserts.edits([SOFTPLUS]))


def test_what_is_added_up_has_no_weight_but_no_shares() -> None:
    made = LossTensor("sum.0", [2, 9])
    weight = LossOperation("sum.0", "sum", {}, [], 1, 3, [2, 9, 4], {}, [LossTensor("w", [2, 9, 4])], made)
    found = dict(loss_inserts.edits([weight]))
    words = "the result of sum.0 is 1 everywhere: it has no weight (not weighted)"
    assert found[words] == [Edit("sum.0", "ones")]
    assert not any("softmax" in one for one in found)  # the sum of shares is one
