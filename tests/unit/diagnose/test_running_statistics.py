"""Running statistics that are updated by another rule, or by other calls of their module."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import Cause, DifferingLayer, Update, explain_state

Array = NDArray[Any]
RNG = np.random.default_rng(11)
OLD = RNG.random(3) + 0.5
GIVEN = [RNG.normal(scale=1 + call, size=(2, 3, 4, 5)).astype(np.float32) for call in range(3)]


def of_one_call(reference: Array, port: Array, old: Array, count: int = 25) -> Cause:
    evidence = DifferingLayer("BatchNorm2d", reference, port, floor=1e-6)
    return explain_state(evidence, Update("running_var", old, 0.1, count))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda old, var: old, "not updated"),
        (lambda old, var: 0.9 * old + 0.1 * var * 24 / 25, "biased variance"),
        (lambda old, var: 0.7 * old + 0.3 * var, "momentum 0.3"),
        (
            lambda old, var: 0.81 * old + 0.19 * var,
            "update applied 2 times, not once (or once with momentum 0.19)",
        ),
        (lambda old, var: 0.729 * old + 0.271 * var, "update applied 3 times"),
    ],
)
def test_one_call_is_told_by_the_step_of_the_reference(change: Any, words: str) -> None:
    old, var = np.array([1.0, 2.0, 0.5]), np.array([3.0, 1.0, 2.0])
    assert words in of_one_call(0.9 * old + 0.1 * var, change(old, var), old).sentence


def test_a_counter_tells_how_often_it_was_counted() -> None:
    once, twice, old = np.array(6, np.int64), np.array(7, np.int64), np.array(5, np.int64)
    found = of_one_call(once, twice, old, 0)
    assert found.sentence == "the port's buffer is the reference's with the update applied 2 times, not once."
    assert not of_one_call(once, np.array(40, np.int64), old, 0).found


def test_one_channel_fits_any_momentum() -> None:
    assert not of_one_call(np.array([1.2]), np.array([1.7]), np.array([1.0])).found


def updated(name: str, calls: list[Array], momentum: float = 0.1, ddof: int = 1) -> Array:
    """What a norm makes of its statistic, call by call and channel by channel."""
    found = OLD.copy()
    for given in calls:
        for channel in range(3):
            values = given[:, channel].ravel().astype(np.float64)
            new = np.mean(values) if name == "running_mean" else np.sum((values - values.mean()) ** 2)
            scale = 1 if name == "running_mean" else len(values) - ddof
            found[channel] += momentum * (new / scale - found[channel])
    return found


def of_calls(name: str, port: Array, reference: Array | None = None, calls: int = 3) -> Cause:
    right = updated(name, GIVEN[:calls]) if reference is None else reference
    evidence = DifferingLayer("BatchNorm2d", right, port, floor=1e-5)
    return explain_state(evidence, Update(name, OLD, 0.1, 40, GIVEN[:calls]))


@pytest.mark.parametrize("name", ["running_mean", "running_var"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"momentum": 0.9}, "updated with momentum 0.9."),
        ({"momentum": 0.01}, "updated with momentum 0.01."),
        ({"calls": [GIVEN[0], GIVEN[2]]}, "updated by all of its 3 calls but call 1."),
        ({"calls": [GIVEN[2]]}, "updated by call 2 alone of its 3 calls."),
        ({"calls": GIVEN[::-1]}, "updated by its 3 calls in the opposite order."),
        ({"calls": []}, "not updated"),
    ],
)
def test_several_calls_are_told_by_what_each_is_given(name: str, change: dict[str, Any], words: str) -> None:
    found = of_calls(name, updated(name, **{"calls": GIVEN, **change}))
    assert found.found
    assert words in found.sentence


def test_the_variance_of_several_calls_is_biased() -> None:
    assert "biased variance" in of_calls("running_var", updated("running_var", GIVEN, ddof=0)).sentence


def test_what_no_rule_gives_is_not_told() -> None:
    assert not of_calls("running_mean", updated("running_mean", GIVEN) + RNG.normal(scale=0.1, size=3)).found


def test_calls_that_do_not_give_the_step_of_the_reference_tell_nothing() -> None:
    """They may not be all, or not be what its statistic is made of."""
    reference, port = (updated("running_mean", GIVEN, momentum) for momentum in (0.2, 0.9))
    assert not of_calls("running_mean", port, reference).found
