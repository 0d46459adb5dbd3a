"""The references' own training code steps as the recipe says: it may stand in the recipe's place."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from harness.pairs import find
from harness.pairs.recipe import Length
from harness.training.plan import Plan, grouped
from refs_torch import gold_yolo, led

LENGTH = Length(epochs=300, steps=400, batch=32)


def own(module: Any, model: Any, number: int) -> dict[str, dict[str, Any]]:
    """The options of each parameter that learns in a pass, by the reference's own code."""
    training = module.own_training(model, LENGTH)
    training.begin_pass(number)
    names = {value: name for name, value in model.named_parameters() if value.requires_grad}
    return {
        names[value]: group
        for optimizer in training.optimizers
        for group in optimizer.param_groups
        for value in group["params"]
        if value in names
    }


def by_recipe(plan: Plan, model: Any, number: int) -> dict[str, dict[str, Any]]:
    """The same by the recipe."""
    recipe, uses = plan.recipe, plan.at(number).uses
    types = {name: type(part).__name__ for name, part in model.named_modules()}
    learns = [name for name, value in model.named_parameters() if value.requires_grad]
    return {
        name: {**recipe.options, **members.group.options, **uses.groups[members.group.name]}
        for members in grouped(recipe, learns, types)
        if members.group.name in uses.groups
        for name in members.parameters
    }


@pytest.mark.parametrize(
    ("pair", "module", "variant", "numbers"),
    [
        ("gold_yolo", gold_yolo, "n", (0, 999, 1200, 4_000)),
        ("led", led, "unet", (0, 128_799, 128_800)),
        ("led", led, "repnr_unet_pretrain", (0, 1)),
        ("led", led, "repnr_unet_finetune", (0, 999, 1000, 1499)),
    ],
)
def test_a_references_own_training_gives_each_parameter_what_the_recipe_gives(
    pair: str, module: Any, variant: str, numbers: tuple[int, ...]
) -> None:
    chosen = find(pair).variant(variant)
    with torch.device("meta"):
        model = module.build(variant, **chosen.options)
    plan = Plan(find(pair).recipe_of(chosen), LENGTH)
    for number in numbers:
        ours, wanted = own(module, model, number), by_recipe(plan, model, number)
        assert wanted
        assert wanted.keys() <= ours.keys()
        if variant != "repnr_unet_finetune":  # its other optimiser waits for its turn
            assert ours.keys() == wanted.keys()
        for name, options in wanted.items():
            for option, value in options.items():
                if option in ours[name]:
                    same = ours[name][option] == value or math.isclose(ours[name][option], value)
                    assert same, (number, name, option)
