"""How an optimiser may be used otherwise than the recipe says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.deviation import Deviation
from harness.diagnose.optimisers import deviations
from harness.pairs.base import Recipe
from harness.selftest import optimiser_mistakes

PLAN = [1.0, 1.0, 0.1, 0.1]
ADAM = Recipe("adam", 1e-3, {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0})
SGD = Recipe("sgd", 1e-2, {"momentum": 0.937, "nesterov": True, "weight_decay": 5e-4})


@pytest.mark.parametrize(
    ("deviation", "rates"),
    [
        (Deviation(), PLAN),
        (Deviation(lag=1), [1.0, 1.0, 1.0, 0.1]),
        (Deviation(lag=-1), [1.0, 0.1, 0.1, 0.1]),
        (Deviation(rate=2.0), [2.0, 2.0, 0.2, 0.2]),
    ],
)
def test_rates(deviation: Deviation, rates: list[float]) -> None:
    assert deviation.rates(PLAN) == rates


def test_eps_before_the_correction_is_larger_after_it() -> None:
    assert Deviation().eps(1e-8, 0.999, 1) == 1e-8
    assert Deviation(corrected_eps=True).eps(1e-8, 0.75, 1) == pytest.approx(2e-8)


@pytest.mark.parametrize("recipe", [ADAM, SGD], ids=["adam", "sgd"])
def test_each_mistake_has_a_hypothesis_that_names_it(recipe: Recipe) -> None:
    tried = list(deviations(recipe.optimizer, recipe.options, ["head.bias"]))
    mistakes = optimiser_mistakes(recipe, ["head.bias"])
    assert len({mistake.kind for mistake in mistakes}) >= 8
    for mistake in mistakes:
        planted = Deviation(**mistake.attributes)
        words = [words for words, how in tried if _same(how, planted)]
        assert words, mistake.kind
        assert any(name in words[0] for name in mistake.names), (mistake.kind, words)


def _same(one: Deviation, other: Deviation) -> bool:
    return replace(one, options=dict(one.options)) == replace(other, options=dict(other.options))


def test_what_the_recipe_says_is_no_deviation() -> None:
    for recipe in (ADAM, SGD):
        for _, how in deviations(recipe.optimizer, recipe.options, []):
            assert how != Deviation()
            assert not how.options or {**recipe.options, **how.options} != dict(recipe.options)
