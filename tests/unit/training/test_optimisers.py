"""A recipe names an optimiser and options that both sides have, or is refused before anything runs."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

import pytest

from harness import pairs
from harness.errors import BadInput
from harness.pairs.recipe import Group, Length, Recipe
from harness.training import optimisers
from harness.training.plan import Plan

SGD = Recipe(optimizer="sgd", lr=0.1, options={"momentum": 0.9})
LENGTH = Length(1, 4, 2)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"optimizer": "lion"}, "'lion'; both sides have adam, adamw, sgd"),
        ({"optimizer": "adam"}, "the recipe has the option 'momentum'; adam has betas, eps, weight_decay"),
        (
            {"groups": (Group("head", options={"lr": 1.0}),)},
            "the group 'head' of the recipe has the option 'lr'",
        ),
    ],
)
def test_what_a_side_does_not_have_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as caught:
        Plan(replace(SGD, **changes), LENGTH)
    assert words in str(caught.value)


def test_a_known_recipe_is_taken() -> None:
    assert Plan(SGD, LENGTH).stop == 4
    for name in pairs.names():
        optimisers.check(pairs.find(name).recipe)


@pytest.mark.torch
@pytest.mark.jittor
def test_both_sides_have_every_option() -> None:
    from harness.sides import jittor_side, torch_side

    for kind, options in optimisers.OPTIONS.items():
        for side in (jittor_side, torch_side):
            known = inspect.signature(side.OPTIMIZERS[kind]).parameters
            assert set(options) <= set(known), (side.__name__, kind)
    assert set(optimisers.OPTIONS) == set(torch_side.OPTIMIZERS) == set(jittor_side.OPTIMIZERS)
