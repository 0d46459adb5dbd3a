"""Other distances, losses, axes and orders of a loss."""

from __future__ import annotations

from harness.answers import LossOperation, LossTensor
from harness.diagnose import loss_functions
from harness.requests import Edit

GAP = LossTensor("sub.0", [2, 3])
ABS = LossOperation("abs.0", "abs", {}, [], 1, 2, [2, 3], {}, [GAP], LossTensor("abs.0", [2, 3]))
LOG = LossOperation(
    "log.0", "log", {}, [], 1, 2, [2, 3], {}, [LossTensor("abs.0", [2, 3])], LossTensor("log.0", [2, 3])
)
MEAN = LossOperation(
    "mean.0", "mean", {}, [], 1, 2, [2, 3], {}, [LossTensor("log.0", [2, 3])], LossTensor("mean.0", [])
)


def test_a_plain_distance_is_a_smooth_one() -> None:
    found = dict(loss_functions.edits([ABS]))
    assert found["abs.0 is the smooth L1 distance, a square below 1 (beta), in place of abs"] == [
        Edit("abs.0", "distance", function="smooth_l1", value=1.0)
    ]
    assert any("Charbonnier" in words for words in found)
    assert list(loss_functions.edits([MEAN])) == []


def test_a_loss_of_scores_is_one_of_logarithms() -> None:
    entropy = LossOperation("cross_entropy.0", "cross_entropy", {}, [], 2, 2, [6, 5])
    ((words, edits),) = loss_functions.edits([entropy])
    assert "log_softmax is left out" in words
    assert edits == [Edit("cross_entropy.0", "function", function="nll_loss")]


def test_shares_are_taken_along_every_other_axis() -> None:
    softmax = LossOperation("softmax.0", "softmax", {"dim": -1}, [], 1, 3, [2, 3, 4])
    assert [edits[0].value for _, edits in loss_functions.edits([softmax])] == [0, 1]
    flags = LossOperation("sum.0", "sum", {"1": 2.0}, [], 1, 3, [2, 3, 4])
    assert list(loss_functions.edits([flags])) == []  # no axis


def test_the_logarithm_of_a_mean_is_the_mean_of_logarithms_in_another_order() -> None:
    found = dict(loss_functions.edits([LOG, MEAN]))
    assert found["mean.0 runs before log.0: their order is exchanged"] == [
        Edit("log.0", "called", function="mean", value=[]),
        Edit("mean.0", "called", function="log", value=[]),
    ]
    assert not any("order" in words for words, _ in loss_functions.edits([ABS, LOG]))  # neither reduces


def test_one_minus_a_share_is_the_negative_logarithm_of_it() -> None:
    one_minus = LossOperation("sub.0", "sub", {"1": 1.0}, [], 1, 0, [], {}, [LossTensor("div.0", [])])
    found = [edits for words, edits in loss_functions.edits([one_minus]) if "-log" in words]
    assert found[0] == [Edit("sub.0", "distance", function="negative_log", value=0.0)]
    assert [edits[0].value for edits in found[1:]] == [1e-5, 1e-6, 1e-7, 1e-8]
    other = LossOperation("sub.0", "sub", {"1": 0.5}, [], 1, 0, [])
    assert list(loss_functions.edits([other])) == []


def test_the_root_of_the_mean_of_squares_stands_for_the_mean_of_absolute_values() -> None:
    mean = LossOperation("mean.0", "mean", {}, [], 1, 2, [2, 3], {}, [LossTensor("abs.0", [2, 3])])
    (edits,) = (edits for words, edits in loss_functions.edits([ABS, mean]) if "root" in words)
    assert edits == [
        Edit("abs.0", "function", function="square"),
        Edit("mean.0", "after", function="sqrt"),
    ]
