"""The optimisers that both sides have, with the options that both know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.errors import BadInput
from harness.pairs.recipe import Recipe

_ADAM = ("betas", "eps", "weight_decay")
OPTIONS: dict[str, tuple[str, ...]] = {
    "adam": _ADAM,
    "adamw": _ADAM,
    "sgd": ("momentum", "dampening", "weight_decay", "nesterov"),
}


def check(recipe: Recipe) -> None:
    """Refuse an optimiser or an option that a side does not have."""
    if recipe.optimizer not in OPTIONS:
        raise BadInput(
            f"the recipe's optimiser is {recipe.optimizer!r}; both sides have {', '.join(OPTIONS)}. "
            "Where the training takes another one, `align compare --mode train` still compares "
            "losses, gradients and buffers"
        )
    _check_options(recipe, "the recipe", recipe.options)
    for group in recipe.groups:
        _check_options(recipe, f"the group {group.name!r} of the recipe", group.options)


def _check_options(recipe: Recipe, where: str, options: Mapping[str, Any]) -> None:
    known = OPTIONS[recipe.optimizer]
    for name in options:
        if name not in known:
            hint = "; a group's own rate is its `factor`" if name == "lr" else ""
            raise BadInput(
                f"{where} has the option {name!r}; {recipe.optimizer} has {', '.join(known)} here{hint}"
            )
