"""Plans: groups, rates of each pass, when the optimiser steps, events and the forced steps around them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness import pairs
from harness.errors import BadInput
from harness.pairs.gold_yolo.schedule import Schedule
from harness.pairs.recipe import Ema, Group, Length, Recipe
from harness.training.plan import Plan, grouped

SGD = Recipe(optimizer="sgd", lr=0.1)
NAMES = ["conv.weight", "conv.bias", "norm.weight", "norm.bias", "scale"]
TYPES = {"conv": "Conv2d", "norm": "BatchNorm2d", "(model)": "Net"}


def members(*groups: Group) -> dict[str, tuple[str, ...]]:
    """The parameters of each group."""
    return {one.group.name: one.parameters for one in grouped(replace(SGD, groups=groups), NAMES, TYPES)}


def test_without_groups_all_parameters_learn_alike() -> None:
    assert members() == {"all": tuple(NAMES)}


def test_the_first_group_that_matches_has_a_parameter_and_some_are_in_none() -> None:
    norms = Group("norms", ("*.weight",), layers=("BatchNorm2d",))
    assert members(norms, Group("weights", ("*.weight",)), Group("biases", ("*.bias",))) == {
        "norms": ("norm.weight",),
        "weights": ("conv.weight",),
        "biases": ("conv.bias", "norm.bias"),
    }


def test_groups_that_take_nothing_are_refused() -> None:
    with pytest.raises(BadInput, match="no group of the recipe takes any of the 5 parameters that learn"):
        members(Group("heads", ("head.*",)))


def test_a_group_has_its_factor_of_the_rate() -> None:
    recipe = replace(SGD, groups=(Group("a", ("conv.*",), factor=10), Group("b")))
    uses = Plan(recipe, Length(2, 3, 1), lr=0.5).at(4).uses
    assert {name: options["lr"] for name, options in uses.groups.items()} == {"a": 5.0, "b": 0.5}


def test_gradients_come_together_until_the_optimiser_steps() -> None:
    plan = Plan(replace(SGD, accumulate=3), Length(1, 8, 1))
    assert [plan.at(number).updates for number in range(8)] == [False, False, True] * 2 + [False, False]
    assert [plan.at(number).count for number in range(8)] == [0, 0, 1, 1, 1, 2, 2, 2]
    assert plan.events == {2: "first step of the optimiser", 7: "last step"}


def test_forced_steps_double_and_lie_around_events() -> None:
    recipe = replace(SGD, schedule="multistep", schedule_options={"milestones": (5,)})
    plan = Plan(recipe, Length(10, 4, 1), stop=30)
    assert plan.events == {20: "milestone 5", 29: "last step"}
    assert plan.forced() == [0, 1, 2, 4, 8, 16, 19, 20, 21, 28, 29]


def test_an_event_behind_the_end_is_none() -> None:
    recipe = replace(SGD, schedule="multistep", schedule_options={"milestones": (5,)})
    assert Plan(recipe, Length(10, 4, 1), stop=10).events == {9: "last step"}


def test_an_average_with_a_ramp_keeps_less_at_first() -> None:
    ema = Ema(0.9999, ramp=2000)
    assert ema.keeps(1) == pytest.approx(0.9999 * 0.000499875, rel=1e-5)
    assert ema.keeps(100_000) == pytest.approx(0.9999)
    assert Ema(0.9).keeps(1) == 0.9


def published(model: str, variant: str | None = None, steps: int = 100, name: str = "published") -> Plan:
    """The plan of a published training, or that of another recipe, with so many passes an epoch."""
    pair = pairs.find(model)
    recipe = pair.recipe_of(pair.variant(variant), name)
    assert recipe.batch is not None
    epochs = recipe.epochs if recipe.iterations is None else -(-recipe.iterations // steps)
    return Plan(recipe, Length(epochs, steps, recipe.batch))


def test_l2sknet_steps_down_after_200_and_300_epochs() -> None:
    plan = published("l2sknet", steps=2)
    rates = [plan.at(number).uses.groups["all"]["lr"] for number in (0, 399, 400, 599, 600, 799)]
    assert rates == pytest.approx([5e-4, 5e-4, 5e-5, 5e-5, 5e-6, 5e-6])


def test_cpanet_ends_with_a_rate_of_nothing_and_ten_times_the_rate_in_three_groups() -> None:
    plan = published("cpanet", steps=2)
    first, last = plan.at(0).uses.groups, plan.at(399).uses.groups
    assert first["DP"]["lr"] == pytest.approx(10 * first["REF"]["lr"])
    assert first["REF"]["lr"] == pytest.approx(0.0025 * (1 - 1 / 400) ** 0.9)
    assert {options["lr"] for options in last.values()} == {0.0}


def test_gold_yolo_lags_an_epoch_behind_after_its_warm_up_and_gathers_as_published() -> None:
    plan = published("gold_yolo", steps=400)
    schedule = Schedule(batch=32, epochs=300, steps=400)
    assert [n for n in range(2000) if plan.at(n).updates] == schedule.optimizer_steps()[
        : sum(plan.at(n).updates for n in range(2000))
    ]
    late = plan.at(5 * 400).uses.groups["weights"]["lr"]
    assert late == pytest.approx(0.01 * schedule.share(4))
    assert plan.at(0).uses.groups["biases"] == {"lr": 0.1, "momentum": 0.8, "weight_decay": 0.0}
    assert plan.at(1700).uses.loss_arguments == {"epoch": 4}
    assert plan.events[1201] == "end of the warm-up"


def test_gold_yolos_quick_recipe_steps_in_every_pass_and_tells_its_epoch() -> None:
    plan = published("gold_yolo", steps=10, name="quick")
    assert plan.length.passes == 150
    assert all(plan.at(number).updates for number in range(150))
    rates = [plan.at(number).uses.groups["biases"]["lr"] for number in (0, 10, 75, 149)]
    assert rates == pytest.approx([0.002, 0.0198, 0.0105, 0.001], rel=0.02)
    assert plan.at(149).uses.loss_arguments == {"epoch": 14}
    assert plan.events[10] == "end of the warm-up"


def test_gold_yolo_tells_when_its_assigner_changes() -> None:
    assert "another assigner" in published("gold_yolo", "n_atss", steps=400).events[1600]


def test_led_learns_one_group_after_the_other_when_it_is_fine_tuned() -> None:
    plan = published("led", "repnr_unet_finetune", steps=10)
    assert plan.stop == 1500
    assert list(plan.at(999).uses.groups) == ["align"]
    assert plan.at(1000).uses.groups == {"auxiliary": {"lr": pytest.approx(1e-5)}}
    assert plan.events == {1000: "auxiliary kernels learn", 1499: "last step"}
