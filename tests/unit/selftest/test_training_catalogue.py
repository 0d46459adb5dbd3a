"""Which mistakes in training are planted where; no framework needed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness import pairs
from harness.layer_note import LayerNote
from harness.pairs.recipe import Ema, Group, Recipe
from harness.selftest import Trained, training_mistakes, training_sample

LAYERS = {"conv": LayerNote("Conv2d", {}), "norm": LayerNote("BatchNorm2d", {"momentum": 0.1})}
KEYS = ("conv.weight", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var", "head.weight")
SGD = Recipe(
    "sgd",
    0.1,
    {"momentum": 0.9, "nesterov": True, "weight_decay": 1e-2},
    groups=(Group("head", ("head.*",), factor=10), Group("rest", options={"weight_decay": 0.0})),
    accumulate=2,
    clip=0.5,
    ema=Ema(0.99, ramp=10),
)
TRAINED = Trained(
    recipe=SGD,
    groups={"head": ["head.weight"], "rest": ["norm.weight", "norm.bias"]},
    unclaimed=["conv.weight"],
    steps_per_epoch=7,
    batch=4,
    layers=LAYERS,
    keys=frozenset(KEYS),
)
ADAM = replace(TRAINED, recipe=Recipe("adam", 1e-3, {"weight_decay": 1e-2}), groups={"all": ["norm.weight"]})


def kinds(trained: Trained) -> dict[str, list[str]]:
    """The places of each kind."""
    found: dict[str, list[str]] = {}
    for mistake in training_mistakes(trained):
        found.setdefault(mistake.kind, []).append(mistake.place)
    return found


@pytest.mark.parametrize(
    ("trained", "kind", "places"),
    [
        (TRAINED, "group missing", ["head", "rest"]),
        (TRAINED, "the group's own rate missing", ["head"]),
        (TRAINED, "no decay in a group", ["head"]),
        (TRAINED, "decay in a group that has none", ["rest"]),
        (TRAINED, "layer not frozen", ["conv.weight"]),
        (TRAINED, "parameter missing", ["head.weight", "norm.weight", "norm.bias"]),
        (TRAINED, "layer frozen", ["norm.weight", "norm.bias"]),
        (TRAINED, "momentum of one norm", ["norm"]),
        (TRAINED, "mean of gradients", ["(recipe)"]),
        (TRAINED, "no ramp of averages", ["(recipe)"]),
        (TRAINED, "no clipping", ["(recipe)"]),
        (TRAINED, "slots lost", ["(recipe)"]),
        (ADAM, "decay in the other place", ["(recipe)"]),
        (ADAM, "slots lost", ["(recipe)"]),
        (ADAM, "group missing", []),
        (ADAM, "nesterov", []),
        (ADAM, "no ramp of averages", []),
        (ADAM, "mean of gradients", []),
    ],
)
def test_kinds_apply_where_they_make_sense(trained: Trained, kind: str, places: list[str]) -> None:
    assert kinds(trained).get(kind, []) == places


def test_there_are_many_kinds_and_each_mistake_changes_something() -> None:
    assert len(kinds(TRAINED)) >= 20
    assert len(kinds(ADAM)) >= 15
    for trained in (TRAINED, ADAM):
        for mistake in training_mistakes(trained):
            assert mistake.faults or mistake.change != type(mistake.change)()
            assert mistake.names


@pytest.mark.parametrize("name", ["l2sknet", "cpanet", "gold_yolo", "led"])
def test_every_recipe_of_ours_has_fifteen_kinds(name: str) -> None:
    recipe = pairs.find(name).recipe
    groups = {group.name: [f"{group.name}.weight"] for group in recipe.groups} or {"all": ["all.weight"]}
    assert len(kinds(replace(TRAINED, recipe=recipe, groups=groups))) >= 15


def test_a_sample_takes_each_kind_before_a_second_of_any() -> None:
    mistakes = training_mistakes(TRAINED)
    count = len({one.kind for one in mistakes})
    assert count < len(mistakes)
    for asked, expected in ((None, count), (3, 3), (10**6, len(mistakes))):
        chosen = training_sample(mistakes, asked, 1)
        assert len(chosen) == expected
        assert len({one.kind for one in chosen}) == min(expected, count)
        assert chosen == training_sample(mistakes, asked, 1)
    assert training_sample(mistakes, count, 1) != training_sample(mistakes, count, 2)
