"""What a training asks for: a recipe by its name, and a length that its samples are told."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from harness import pairs
from harness.errors import BadInput
from harness.flows.train_request import SHORT_STEPS, TrainRequest
from harness.pairs.recipe import Recipe

OTHER = Recipe("sgd", lr=0.5, epochs=7, batch=3, mode="frozen")


def test_a_recipe_of_the_pair_is_asked_for_by_its_name() -> None:
    """It is as long as it says, and in the mode that it says; the published ones stay what they are."""
    pair = replace(pairs.find("l2sknet"), recipes={"other": OTHER})
    asked = TrainRequest("l2sknet", recipe="other")
    assert asked.recipe_of(pair) is OTHER
    assert asked.stop() is None
    assert asked.case(pair).mode == "frozen"
    assert asked.data_request(pair, "train").epochs == 7
    short, published = (TrainRequest("l2sknet", recipe=name) for name in ("short", "published"))
    assert short.recipe_of(pair) is published.recipe_of(pair) is pair.recipe
    assert (short.stop(), published.stop()) == (SHORT_STEPS, None)
    refusal = re.escape("l2sknet has no recipe 'othr' (perhaps other?); it has short, published, other")
    with pytest.raises(BadInput, match=refusal):
        replace(asked, recipe="othr").case(pair)


@pytest.mark.parametrize("name", ["l2sknet", "cpanet", "gold_yolo"])
def test_samples_are_told_the_length_that_nobody_has_named(name: str) -> None:
    """Its last epochs may see other samples: Gold-YOLO's see no mosaic."""
    pair = pairs.find(name)
    asked = TrainRequest(name, recipe="published")
    assert asked.data_request(pair, "train").epochs == pair.recipe.epochs
    assert replace(asked, epochs=3).data_request(pair, "train").epochs == 3


def test_a_recipe_that_counts_passes_has_no_length_in_epochs() -> None:
    """LED's."""
    assert TrainRequest("led").data_request(pairs.find("led"), "train").epochs is None


@pytest.mark.parametrize("published", [True, False])
def test_an_older_log_tells_its_recipe(published: bool) -> None:
    """It knew two."""
    plain = TrainRequest("l2sknet").to_dict()
    del plain["recipe"]
    found = TrainRequest.from_dict({**plain, "published": published}, "old.jsonl")
    assert found.recipe == ("published" if published else "short")
