"""Training code of a side's own is used as it is, and refused in words where it does not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from harness.breadcrumb import Breadcrumb
from harness.errors import BadInput
from harness.pairs.base import OwnTraining
from harness.pairs.recipe import Length
from harness.sides import training_verbs
from harness.sides.own_training import is_offered
from harness.sides.torch_own_training import TorchOwnTraining
from harness.sides.torch_side import TorchSide
from harness.sides.torch_training import TorchTraining
from harness.training.change import Change
from harness.training.setup import Setup, Uses

LENGTH = Length(4, 16, 4)
Offer = Callable[[Any, Length], Any]


def setup(length: Length | None = LENGTH) -> Setup:
    """An SGD without anything, by the recipe."""
    return Setup("sgd", {}, {"all": ["head.bias", "head.weight"]}, {"all": {}}, length=length)


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """A training of a small network whose module offers that code."""
    side = TorchSide("cpu", Breadcrumb(tmp_path / "place"))
    side.build("tests.mutants.steps.pair:SGD", "native sgd")
    state = side.read_state()

    def begin(own: Offer, change: Change | None = None, length: Length | None = LENGTH) -> Any:
        side.loaded_state = dict(state)  # a training lets go of it
        monkeypatch.setattr(side, "side_module", lambda: SimpleNamespace(own_training=own))
        assert is_offered(side)
        training_verbs.begin_training(side, setup(length), change or Change())
        return side.training

    return begin


def sgd(model: Any, length: Length) -> OwnTraining:
    """Twice the rate, from pass 3 on ten times that; the head alone."""
    assert length == LENGTH
    optimizer = torch.optim.SGD(model.head.parameters(), lr=0.2, momentum=0.5)

    def begin_pass(number: int) -> None:
        optimizer.param_groups[0]["lr"] = 0.2 if number < 3 else 2.0

    return OwnTraining([optimizer], begin_pass)


def test_its_rates_and_slots_are_its_own_and_rates_are_taken_larger(begun: Callable[..., Any]) -> None:
    training = begun(sgd)
    assert isinstance(training, TorchOwnTraining)
    assert sorted(training.members) == ["head.bias", "head.weight"]
    gradients = {name: torch.ones_like(value) for name, value in training.parameters.items()}
    for number, rate in ((0, 1.0), (3, 4.0)):
        before, slots = training.values(), training.slots()
        training.learn(dict(gradients), Uses(number, {}, rate=rate))
        momentum = 1.0 + 0.5 * slots.get("head.bias.momentum_buffer", np.zeros(4))
        moved = training.values()["head.bias"] - before["head.bias"]
        np.testing.assert_allclose(moved, -(0.2 if number < 3 else 2.0) * rate * momentum, rtol=1e-5)
        assert np.array_equal(training.values()["conv.weight"], before["conv.weight"])  # it does not learn
    training.set_slots({"head.bias.momentum_buffer": np.full(4, 7.0, np.float32)})
    assert {name: float(kept[0]) for name, kept in training.slots().items()} == {
        "head.bias.momentum_buffer": 7.0
    }


def test_its_own_step_stands_in_the_place_of_the_optimisers(begun: Callable[..., Any]) -> None:
    taken: list[str] = []

    def own(model: Any, length: Length) -> OwnTraining:
        return OwnTraining(
            [torch.optim.SGD(model.parameters(), lr=1.0)], take_step=lambda: taken.append("step")
        )

    training = begun(own)
    before = training.values()
    training.learn({name: torch.ones_like(one) for name, one in training.parameters.items()}, Uses(0, {}))
    assert taken == ["step"]
    assert all(np.array_equal(array, before[name]) for name, array in training.values().items())


def test_it_is_left_alone_where_nobody_asks_for_it_or_a_change_is_tried(begun: Callable[..., Any]) -> None:
    assert type(begun(sgd, length=None)) is TorchTraining
    assert type(begun(sgd, Change(rate=2.0))) is TorchTraining


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (lambda model, length: None, "returns NoneType; it should return an OwnTraining"),
        (lambda model, length: OwnTraining([object()]), "an optimiser of the type object"),
        (
            lambda model, length: OwnTraining([torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=1.0)]),
            "1 of 1 tensors that own_training gives to its SGD are no parameters of the model",
        ),
    ],
)
def test_what_does_not_fit_is_refused(begun: Callable[..., Any], own: Offer, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        begun(own)
