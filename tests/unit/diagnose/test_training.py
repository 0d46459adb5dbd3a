"""Which departures from a recipe are tried, and in which order."""

from __future__ import annotations

import pytest

from harness.diagnose.training import changes
from harness.pairs.recipe import Recipe

GROUPS = {"weights": ["a.weight", "b.weight"], "biases": ["a.bias", "b.bias"]}


@pytest.mark.parametrize(
    ("wrong", "first"),
    [
        (["a.weight"], "weight_decay is 0.0 in the group weights"),
        (["b.bias", "a.bias"], "weight_decay is 0.0 in the group biases"),
        (["a.weight", "a.bias"], "weight_decay is 0.0"),
        ([], "weight_decay is 0.0"),
    ],
)
def test_an_option_is_tried_first_in_the_group_that_has_all_that_is_wrong(
    wrong: list[str], first: str
) -> None:
    recipe = Recipe(optimizer="sgd", lr=0.1, options={"weight_decay": 0.1}, epochs=1)
    said = [words for words, _ in changes(recipe, GROUPS, wrong, {})]
    told = [words for words in said if words.startswith("weight_decay is 0.0")]
    assert told[0] == first
    assert {words.removeprefix("weight_decay is 0.0") for words in told} >= {
        "",
        " in the group biases",
        " in the group weights",
    }
