"""Hypotheses: a training step departs from its recipe in one of these ways.

To add one, add a value worth trying to the tables of `optimisers`, or a change to the list here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.diagnose.optimisers import LONG_AGO, OF_KIND, OTHERS, VALUES
from harness.pairs.recipe import Recipe
from harness.training.change import Change

_RATES = (10.0, 0.1, 2.0, 0.5, 100.0, 0.01)
_NORMS = (0.01, 0.1, 0.5, 1.0, 5.0, 10.0, 35.0)
_FEW = 4


def changes(
    recipe: Recipe, groups: Mapping[str, Sequence[str]], wrong: Sequence[str], lags: Mapping[int, str]
) -> Iterator[tuple[str, Change]]:
    """Changes worth trying, each in words; `wrong` names the parameters whose step is not right.

    `lags` are those that make a difference at this step, in words.
    """
    yield from _missing(groups, wrong)
    yield from _unfrozen(groups, wrong)
    yield (
        "what the optimiser remembered is lost, as after a resume without its state",
        Change(slots_lost=True),
    )
    for lag, words in lags.items():
        yield f"rates and options {words}", Change(lag=lag)
    yield from _gathering(recipe)
    yield from _options(recipe, groups, wrong)
    yield from clippings(recipe)
    yield from _averages(recipe)
    for rate in _RATES:
        yield f"the learning rate is taken {rate:g} times", Change(rate=rate)


def _missing(groups: Mapping[str, Sequence[str]], wrong: Sequence[str]) -> Iterator[tuple[str, Change]]:
    everything = {name for members in groups.values() for name in members}
    for name, members in groups.items():
        if members and set(members) <= set(wrong) and set(members) < everything:
            yield f"the group {name} is not updated", Change(left_out=list(members))
    if len(wrong) <= _FEW and len(everything) > 1:
        for name in wrong:
            yield f"{name} is not updated", Change(left_out=[name])
    if len(wrong) > 1 and set(wrong) < everything:
        yield "the parameters that are not right are not updated", Change(left_out=list(wrong))


def _unfrozen(groups: Mapping[str, Sequence[str]], wrong: Sequence[str]) -> Iterator[tuple[str, Change]]:
    taken = {name for members in groups.values() for name in members}
    if others := [name for name in wrong if name not in taken]:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        yield f"{others[0]}{more} is updated, though no group has it", Change(also=others)


def _gathering(recipe: Recipe) -> Iterator[tuple[str, Change]]:
    yield "gradients come together as their mean, not their sum", Change(sums="mean")
    yield "only the last gradients count, not their sum", Change(sums="last")
    yield "gradients are not cleared after the step", Change(uncleared=True)
    if recipe.optimizer != "sgd":
        yield "the bias correction counts one step too many", Change(begun=1)
        yield "the bias correction counts one step too few", Change(begun=-1)
        yield "there is no bias correction", Change(begun=LONG_AGO)
        yield "eps is added before the bias correction", Change(early_eps=True)


def _options(
    recipe: Recipe, groups: Mapping[str, Sequence[str]], wrong: Sequence[str]
) -> Iterator[tuple[str, Change]]:
    if other := OTHERS.get(recipe.optimizer):
        yield f"{other} stands in the place of {recipe.optimizer}", Change(kind=other)
    for name in OF_KIND.get(recipe.optimizer, ()):
        for value in _values(recipe, name):
            if value == recipe.options.get(name):
                continue
            options: dict[str, Any] = {name: value}
            if name == "dampening" or (name == "momentum" and not value):
                options["nesterov"] = False
            for words, chosen in _places(groups, wrong):
                yield f"{name} is {value}{words}", Change(options=options, groups=chosen)


def _places(groups: Mapping[str, Sequence[str]], wrong: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Where an option may be another one; first a group that has all that is wrong, if there is one."""
    if len(groups) < 2:
        return [("", [])]
    holds = {name: bool(wrong) and set(wrong) <= set(members) for name, members in groups.items()}
    first, last = ([name for name in groups if holds[name] == held] for held in (True, False))
    places = [[name] for name in first] + [[]] + [[name] for name in last]
    return [(f" in the group {place[0]}" if place else "", place) for place in places]


def _values(recipe: Recipe, name: str) -> list[Any]:
    """Those of the table, those of the recipe's groups, and its betas in the opposite order."""
    betas = recipe.options.get("betas")
    more = [(betas[1], betas[0])] if name == "betas" and betas is not None else []
    more += [group.options[name] for group in recipe.groups if name in group.options]
    return [*VALUES[name], *(value for value in dict.fromkeys(more) if value not in VALUES[name])]


def _averages(recipe: Recipe) -> Iterator[tuple[str, Change]]:
    if recipe.ema is None:
        return
    if recipe.ema.ramp:
        yield "the averaged weights have no ramp", Change(keeps=recipe.ema.decay)
    yield "the averaged weights follow the weights before the step", Change(early_average=True)


def clippings(recipe: Recipe) -> Iterator[tuple[str, Change]]:
    """Other ways to clip gradients."""
    if recipe.clip is not None:
        yield "gradients are not clipped", Change(clip=0.0)
    for norm in _NORMS:
        if norm != recipe.clip:
            yield f"gradients are clipped to a norm of {norm:g}", Change(clip=norm)
    for norm in dict.fromkeys(_NORMS if recipe.clip is None else (recipe.clip, *_NORMS)):
        each, element = Change(clip=norm, clip_by="each"), Change(clip=norm, clip_by="element")
        yield f"each gradient is clipped by itself, to a norm of {norm:g}", each
        yield f"each element of a gradient is clipped to {norm:g}", element
