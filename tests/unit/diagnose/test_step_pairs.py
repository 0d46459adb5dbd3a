"""Two changes at once, each in its own parameters; the port's step is worked out here by plain code."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose.step_formulas import Formula, Given, single_changes
from harness.diagnose.step_pairs import AS_IT_IS, StepParts, cause_of_two

Array = NDArray[Any]
DRAWN = np.random.default_rng(6)
RATE, DECAY, COUNT = 1e-2, 1e-2, 4
GROUPS = {"body": ["conv.bias", "conv.weight"], "head": ["head.bias", "head.weight"]}
VALUES = {name: DRAWN.standard_normal(6) for members in GROUPS.values() for name in members}
GRADIENTS = {name: 1e-3 * DRAWN.standard_normal(6) for name in VALUES}
SLOTS = {
    name: {
        "exp_avg": 1e-3 * DRAWN.standard_normal(6),
        "exp_avg_sq": 1e-6 * DRAWN.random(6),
        "step": np.array(COUNT - 1),
    }
    for name in VALUES
}
CLIP = 1e-3
WHOLE = math.sqrt(sum(float(one @ one) for one in GRADIENTS.values()))


def port_step(
    name: str,
    gradient: Array,
    rate: float = RATE,
    decay: float = DECAY,
    inside: bool = False,
    eps: float = 1e-8,
) -> tuple[Array, Array, Array]:
    """An AdamW as somebody else writes it: the update and both moments."""
    mean = 0.9 * SLOTS[name]["exp_avg"] + 0.1 * gradient
    square = 0.999 * SLOTS[name]["exp_avg_sq"] + 0.001 * gradient**2
    corrected = square / (1 - 0.999**COUNT)
    root = np.sqrt(corrected + eps) if inside else np.sqrt(corrected) + eps
    moved = VALUES[name] * (1 - rate * decay) - rate * mean / (1 - 0.9**COUNT) / root
    return moved - VALUES[name], mean, square


def found(port: Callable[[str, Array], tuple[Array, Array, Array]], clipped: bool = True) -> str:
    """The cause of the steps that `port` takes of gradients that it clips, or not."""
    variants: Mapping[str, float] = {AS_IT_IS: CLIP / WHOLE, "gradients are not clipped": 1.0}
    taken = {name: port(name, GRADIENTS[name] * (CLIP / WHOLE if clipped else 1.0)) for name in VALUES}

    def makes(variant: str, formula: Formula, name: str) -> bool:
        options = {"lr": RATE, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": DECAY}
        given = Given(VALUES[name], GRADIENTS[name] * variants[variant], SLOTS[name], options)
        made = formula.made("adamw", given)
        if made is None:
            return False
        ours = (made.update, made.slots["exp_avg"], made.slots["exp_avg_sq"])
        return all(np.allclose(a, b, rtol=1e-6, atol=1e-12) for a, b in zip(ours, taken[name], strict=True))

    changes = single_changes("adamw", [{"weight_decay": DECAY}])
    return cause_of_two(StepParts(makes, GROUPS, {name: name for name in variants}, changes))


def of(where: Callable[[str], bool], **change: Any) -> Callable[[str], dict[str, Any]]:
    return lambda name: change if where(name) else {}


def everywhere(name: str) -> bool:
    return True


def in_head(name: str) -> bool:
    return name.startswith("head")


def bias(name: str) -> bool:
    return name.endswith("bias")


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (of(everywhere, inside=True), of(in_head, rate=2 * RATE),
         "eps is inside the root, and the learning rate is taken 2 times in the group head"),
        (of(in_head, rate=RATE / 10), of(bias, decay=0.0),
         "weight_decay is 0.0 of every bias, and the learning rate is taken 0.1 times in the group head"),
        (of(lambda name: name == "conv.weight", eps=1e-5), of(in_head, decay=0.0),
         "eps is 1e-05 of conv.weight, and weight_decay is 0.0 in the group head"),
    ],
)  # fmt: skip
def test_two_changes_are_told_with_where_they_are(one: Any, other: Any, words: str) -> None:
    cause = found(lambda name, gradient: port_step(name, gradient, **{**one(name), **other(name)}))
    assert cause.startswith(words), cause


def test_a_clipping_that_is_missing_goes_with_a_change_of_some() -> None:
    head = of(in_head, rate=RATE / 10)
    cause = found(lambda name, gradient: port_step(name, gradient, **head(name)), clipped=False)
    assert cause == "gradients are not clipped, and the learning rate is taken 0.1 times in the group head"


def test_a_right_step_has_no_two_causes() -> None:
    assert found(port_step) == ""


def test_one_change_of_some_is_told_alone() -> None:
    cause = found(lambda name, gradient: port_step(name, gradient, **of(bias, decay=0.0)(name)))
    assert cause == "weight_decay is 0.0 of every bias"


def test_three_changes_are_not_guessed_at() -> None:
    def port(name: str, gradient: Array) -> tuple[Array, Array, Array]:
        rate = RATE / 10 if in_head(name) else RATE
        return port_step(name, gradient, rate, 0.0 if bias(name) else DECAY, inside=True)

    assert found(port) == ""


def test_what_no_formula_makes_is_not_named() -> None:
    def port(name: str, gradient: Array) -> tuple[Array, Array, Array]:
        update, mean, square = port_step(name, gradient)
        return np.sin(40 * update), mean, square

    assert found(port) == ""
