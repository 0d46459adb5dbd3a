"""What a loss is given from outside: another input of the case of as many elements."""

from __future__ import annotations

from harness.answers import LossOperation, LossTensor
from harness.diagnose import loss_given
from harness.requests import Edit

ENTROPY = LossOperation(
    "cross_entropy.0", "cross_entropy", {}, [], 2, 2, [6, 5], {},
    [LossTensor("cross_entropy.0:0", [6, 5]), LossTensor("cross_entropy.0:1", [6])],
)  # fmt: skip
GIVEN = [LossTensor("inputs.tokens", [2, 3]), LossTensor("inputs.length", [2]), LossTensor("outputs", [6, 5])]


def test_labels_are_another_input_of_as_many_elements() -> None:
    found = dict(loss_given.edits([ENTROPY], GIVEN))
    words = "cross_entropy.0 is given the case's input tokens as its labels, not cross_entropy.0:1"
    assert found[words] == [Edit("cross_entropy.0", "taken", place=1, function="inputs.tokens")]
    assert not any("length" in one for one in found)
    assert "cross_entropy.0 is given the model's result as its input 0, not cross_entropy.0:0" in found


def test_a_single_number_is_no_tensor_to_take() -> None:
    one = LossOperation("mul.0", "mul", {}, [], 1, 0, [], {}, [LossTensor("sum.0", [])])
    assert list(loss_given.edits([one], [LossTensor("inputs.factor", [])])) == []
