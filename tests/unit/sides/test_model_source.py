"""Where a side's network comes from."""

from __future__ import annotations

import pytest

from harness.errors import BadInput
from harness.sides.model_source import model_source

pytestmark = pytest.mark.torch


def is_tensor(value: object) -> bool:
    import torch

    return isinstance(value, torch.Tensor)


def test_a_module_is_itself() -> None:
    import tests.unit.sides.small as small

    assert model_source("tests.unit.sides.small", is_tensor) is small


def test_a_class_is_called_with_the_options() -> None:
    linear = model_source("torch.nn:Linear", is_tensor).build("any", in_features=3, out_features=5)
    assert tuple(linear.weight.shape) == (5, 3)


def test_its_loss_is_the_mean_square_of_every_float_output() -> None:
    import torch

    outputs = {"a": torch.tensor([1.0, 3.0]), "b": [torch.tensor([2.0])], "ids": torch.tensor([7])}
    found = model_source("torch.nn:Linear", is_tensor).losses(outputs, {})
    assert {name: float(loss) for name, loss in found.items()} == {"mean_square": 5.0 + 4.0}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("torch.nn:Liner", "has no class Liner; it has "),
        ("no_such_module_here:Net", "cannot be imported: No module named .*Looked in"),
        ("torch.nn:__doc__", "has no class __doc__"),
    ],
)
def test_what_is_not_there_is_refused(name: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        model_source(name, is_tensor)


def test_arguments_that_the_class_does_not_take() -> None:
    with pytest.raises(BadInput, match=r"Linear\(in_features.* cannot be made with .*unexpected keyword"):
        model_source("torch.nn:Linear", is_tensor).build("any", in_features=3, out_features=5, width=3)


def test_integer_outputs_have_no_loss() -> None:
    import torch

    with pytest.raises(BadInput, match="nothing can be back-propagated"):
        model_source("torch.nn:Linear", is_tensor).losses(torch.tensor([7]), {})
