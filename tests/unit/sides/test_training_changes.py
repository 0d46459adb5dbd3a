"""What a training does with the gradients of its passes, and with each change of that, on plain arrays."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from harness.pairs.base import Arrays
from harness.sides.training import SideTraining
from harness.state_table import StateEntry
from harness.training.change import Change
from harness.training.setup import Setup, Uses

RATE, KEEPS, CLIP = 0.5, 0.9, 1.0
START = {"a": np.array([1.0, 2.0]), "b": np.array([3.0])}
FIRST = {"a": np.array([3.0, 4.0]), "b": np.array([0.5])}
SECOND = {"a": np.array([0.3, 0.4]), "b": np.array([-0.25])}


class Plain(np.ndarray):
    """An array that can be clamped as a tensor can."""

    def clamp(self, least: float, most: float) -> Any:
        """Each element within the bounds."""
        return np.clip(self, least, most)


class PlainTraining(SideTraining):
    """Gradient descent on arrays."""

    def named_parameters(self) -> dict[str, Any]:
        return {name: array.copy() for name, array in START.items()}

    def make_optimizer(self, kind: str, groups: list[dict[str, Any]]) -> Any:
        return SimpleNamespace(param_groups=[dict(group) for group in groups])

    def gradients(self, loss: Any) -> dict[str, Any]:
        raise NotImplementedError

    def step(self, gradients: dict[str, Any], clip: float | None) -> None:
        scale = 1.0
        if clip is not None:
            norm = np.sqrt(sum(float(np.sum(np.square(value))) for value in gradients.values()))
            scale = min(1.0, clip / (norm + 1e-6))
        for name, value in gradients.items():
            value *= scale  # as torch does: in place
            self.parameters[name] -= RATE * value

    def settled(self, tensors: dict[str, Any]) -> dict[str, Any]:
        return tensors

    def slots(self) -> Arrays:
        return {}

    def set_slots(self, slots: Arrays) -> None:
        assert not slots

    def copied_state(self) -> dict[str, Any]:
        return {name: array.copy() for name, array in START.items()}

    def keep_average(self, keeps: float) -> None:
        for name, mean in self.average.items():
            mean *= keeps
            mean += (1 - keeps) * self.parameters[name]

    def tensor(self, array: Any, parameter: str | None) -> Any:
        return np.array(array)


def learned(change: Change, clip: float | None = None) -> PlainTraining:
    """Two passes that come together for one step."""
    table = [StateEntry(name, array.shape, "float64", True) for name, array in START.items()]
    side = SimpleNamespace(
        state_table=lambda: table, tensors=SimpleNamespace(to_array=np.asarray), read_state=dict
    )
    setup = Setup("sgd", {"lr": RATE}, {"all": ["a", "b"]}, {}, clip=clip, averages=True)
    training = PlainTraining(side, setup, change)  # type: ignore[arg-type]
    for number, gradients in enumerate((FIRST, SECOND)):
        given = {name: array.copy().view(Plain) for name, array in gradients.items()}
        last = number == 1
        training.learn(given, Uses(number, {"all": {"lr": RATE}}, last, KEEPS if last else None, 2))
    return training


def after(gradient_a: list[float], gradient_b: float) -> dict[str, np.ndarray]:
    """The parameters after a step with these gradients."""
    return {"a": START["a"] - RATE * np.array(gradient_a), "b": START["b"] - RATE * gradient_b}


ALL = np.sqrt(3.3**2 + 4.4**2 + 0.25**2) + 1e-6


@pytest.mark.parametrize(
    ("change", "clip", "expected"),
    [
        (Change(), None, after([3.3, 4.4], 0.25)),
        (Change(), CLIP, after([3.3 / ALL, 4.4 / ALL], 0.25 / ALL)),
        (Change(clip_by="each"), CLIP, after([3.3 / 5.5, 4.4 / 5.5], 0.25)),
        (Change(clip_by="element"), CLIP, after([1.0, 1.0], 0.25)),
        (Change(clip_by="element", clip=0.1), None, after([0.1, 0.1], 0.1)),
        (Change(clip_by="each"), None, after([3.3, 4.4], 0.25)),
        (Change(sums="mean"), None, after([1.65, 2.2], 0.125)),
        (Change(sums="last"), None, after([0.3, 0.4], -0.25)),
    ],
)
def test_gradients_come_together_and_are_clipped(
    change: Change, clip: float | None, expected: dict[str, np.ndarray]
) -> None:
    training = learned(change, clip)
    for name, array in expected.items():
        np.testing.assert_allclose(training.parameters[name], array, rtol=1e-6)
    assert training.sums == {}


@pytest.mark.parametrize("clip", [None, CLIP])
def test_gradients_that_are_not_cleared_stay_as_they_were(clip: float | None) -> None:
    sums = learned(Change(uncleared=True), clip).sums
    np.testing.assert_allclose(sums["a"], [3.3, 4.4])
    np.testing.assert_allclose(sums["b"], [0.25])


def test_averages_follow_the_weights_after_the_step_or_before_it() -> None:
    right, early = learned(Change()), learned(Change(early_average=True))
    np.testing.assert_allclose(right.average["a"], KEEPS * START["a"] + (1 - KEEPS) * right.parameters["a"])
    np.testing.assert_allclose(early.average["a"], START["a"])
    np.testing.assert_array_equal(early.parameters["a"], right.parameters["a"])
