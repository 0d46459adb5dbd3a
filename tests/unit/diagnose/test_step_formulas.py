"""The formula of an optimiser's step: torch's own is the truth, and each change does what its words say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from harness.diagnose.step_formulas import Formula, Given, formulas

RNG = np.random.default_rng(5)
VALUE, GRADIENT = RNG.normal(size=8), 1e-3 * RNG.normal(size=8)
SLOTS = {
    "adam": {"step": np.array(3), "exp_avg": 1e-3 * RNG.normal(size=8), "exp_avg_sq": 1e-6 * RNG.random(8)},
    "sgd": {"momentum_buffer": RNG.normal(size=8)},
}
OPTIONS: dict[str, dict[str, Any]] = {
    "adam": {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 1e-2},
    "adamw": {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 1e-2},
    "sgd": {"lr": 0.1, "momentum": 0.9, "dampening": 0.0, "nesterov": True, "weight_decay": 1e-2},
}


def given(kind: str, slots: Mapping[str, Any] | None = None, **options: Any) -> Given:
    """The step of one parameter, with what is remembered of it."""
    kept = SLOTS["sgd" if kind == "sgd" else "adam"] if slots is None else slots
    return Given(VALUE, GRADIENT, kept, {**OPTIONS[kind], **options})


def update(formula: Formula, kind: str, **more: Any) -> Any:
    """By how much the step moves the parameter."""
    made = formula.made(kind, given(kind, **more))
    assert made is not None
    return made.update


@pytest.mark.torch
@pytest.mark.parametrize("kind", ["adam", "adamw", "sgd"])
@pytest.mark.parametrize("nesterov", [True, False])
@pytest.mark.parametrize("remembers", [True, False])
def test_without_a_change_it_is_torchs_own_step(kind: str, nesterov: bool, remembers: bool) -> None:
    import torch

    value = torch.tensor(VALUE, requires_grad=True)
    options = {**OPTIONS[kind], **({"nesterov": nesterov} if kind == "sgd" else {})}
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
    optimizer = kinds[kind]([value], **options)
    slots = SLOTS["sgd" if kind == "sgd" else "adam"] if remembers else {}
    for name, array in slots.items():
        optimizer.state[value][name] = torch.tensor(array, dtype=torch.float32 if name == "step" else None)
    value.grad = torch.tensor(GRADIENT)
    optimizer.step()
    made = Formula().made(kind, Given(VALUE, GRADIENT, slots, options))
    assert made is not None
    np.testing.assert_allclose(made.update, value.detach().numpy() - VALUE, rtol=1e-12, atol=1e-14)
    for name, array in made.slots.items():
        np.testing.assert_allclose(array, optimizer.state[value][name].numpy(), rtol=1e-12)


def test_eps_stands_where_the_words_say() -> None:
    plain = given("adam", weight_decay=0.0)
    square = 0.95 * plain.slots["exp_avg_sq"] + 0.05 * GRADIENT**2
    mean = (0.8 * plain.slots["exp_avg"] + 0.2 * GRADIENT) / (1 - 0.8**4)
    inside = np.sqrt(square / (1 - 0.95**4) + 1e-4)
    early = (np.sqrt(square) + 1e-4) / np.sqrt(1 - 0.95**4)
    np.testing.assert_allclose(update(Formula(root="inside"), "adam", weight_decay=0.0), -0.1 * mean / inside)
    np.testing.assert_allclose(update(Formula(early=True), "adam", weight_decay=0.0), -0.1 * mean / early)


def test_the_decay_goes_where_the_words_say() -> None:
    bare = update(Formula(), "sgd", weight_decay=0.0)
    np.testing.assert_allclose(update(Formula(decay="parameter"), "sgd"), bare - 0.1 * 1e-2 * VALUE)
    unscaled = update(Formula(decay="parameter, without the rate"), "sgd")
    np.testing.assert_allclose(unscaled, bare - 1e-2 * VALUE)
    np.testing.assert_allclose(update(Formula(decay="momentum"), "sgd"), bare - 0.1 * 1e-2 * VALUE)
    grown = update(Formula(decay="parameter", grows=True), "sgd")
    np.testing.assert_allclose(grown, bare + 0.1 * 1e-2 * VALUE)


def test_a_momentum_that_holds_the_rate_keeps_it() -> None:
    made = Formula(inside=True).made("sgd", given("sgd", {}, weight_decay=0.0, nesterov=False))
    assert made is not None
    np.testing.assert_allclose(made.slots["momentum_buffer"], 0.1 * GRADIENT)
    np.testing.assert_allclose(made.update, -0.1 * GRADIENT)


def test_a_correction_of_no_step_has_no_sense() -> None:
    assert Formula(counted=-1).made("adam", given("adam", {})) is None
    counted = Formula(counted=1).made("adam", given("adam"))
    assert counted is not None
    assert "step" not in counted.slots  # the count itself may be right


def test_two_changes_never_set_the_same_thing_twice() -> None:
    single, double = (list(one) for one in formulas("adam", [{"weight_decay": 1e-4}, {"weight_decay": 0.0}]))
    assert len({words for words, _ in single}) == len(single)
    assert all(" and weight_decay is" not in words.partition("weight_decay is")[2] for words, _ in double)
    assert any(one.root == "inside" and one.options == {"weight_decay": 0.0} for _, one in double)


def test_what_a_recipe_does_not_decay_has_no_decay_elsewhere() -> None:
    single, _ = formulas("sgd", [{"weight_decay": 0.0}])
    assert not any("the decay" in words for words, _ in single)
