"""What each pass of a training uses, worked out of a recipe before anything runs."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.errors import BadInput
from harness.pairs.recipe import Group, Length, Pass, Recipe
from harness.training import optimisers, schedules

ALL = "all"
LAST = "last step"


@dataclass(frozen=True)
class Members:
    """A group with the names of its parameters."""

    group: Group
    parameters: tuple[str, ...]


def grouped(recipe: Recipe, learning: Sequence[str], types: Mapping[str, str]) -> list[Members]:
    """Which parameter is in which group; `types` gives the type of each layer by its path."""
    groups = recipe.groups or (Group(ALL),)
    members: dict[str, list[str]] = {group.name: [] for group in groups}
    for name in learning:
        owner = types.get(name.rpartition(".")[0] or "(model)", "")
        home = next((group for group in groups if _takes(group, name, owner)), None)
        if home is not None:
            members[home.name].append(name)
    if not any(members.values()):
        raise BadInput(
            f"no group of the recipe takes any of the {len(learning)} parameters that learn; "
            f"the groups are {', '.join(members)}"
        )
    return [Members(group, tuple(members[group.name])) for group in groups]


def _takes(group: Group, name: str, owner: str) -> bool:
    if group.layers and owner not in group.layers:
        return False
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in group.parameters)


@dataclass(frozen=True)
class PassPlan:
    """One pass: what it uses, whether the optimiser steps at its end, and how often it has by then."""

    number: int
    uses: Pass
    updates: bool
    count: int


class Plan:
    """A recipe over a length, stopped after `stop` passes."""

    def __init__(self, recipe: Recipe, length: Length, lr: float | None = None, stop: int | None = None):
        optimisers.check(recipe)
        self.recipe, self.length = recipe, length
        self.lr = recipe.lr if lr is None else lr
        last = length.passes if recipe.iterations is None else min(recipe.iterations, length.passes)
        self.stop = last if stop is None else min(stop, last)
        self._passes = self._uses()
        self._steps: list[PassPlan] = []

    def _uses(self) -> Callable[[int], Pass]:
        recipe = self.recipe
        if recipe.passes is not None:
            return recipe.passes(self.length, self.lr)
        schedules.check(recipe.schedule, recipe.schedule_options)
        groups = recipe.groups or (Group(ALL),)

        def uses(number: int) -> Pass:
            rate = self.lr * schedules.share(recipe.schedule, recipe.schedule_options, self.length, number)
            return Pass({group.name: {"lr": rate * group.factor} for group in groups}, recipe.accumulate)

        return uses

    def at(self, number: int) -> PassPlan:
        """The pass of that number; the first is 0."""
        while len(self._steps) <= number:
            self._steps.append(self._next())
        return self._steps[number]

    def _next(self) -> PassPlan:
        """An optimiser steps where enough passes have come together since it last did."""
        number = len(self._steps)
        uses = self._passes(number)
        before = self._steps[-1] if self._steps else None
        waiting = 1
        for step in reversed(self._steps):
            if step.updates:
                break
            waiting += 1
        updates = waiting >= uses.accumulate
        return PassPlan(number, uses, updates, (before.count if before else 0) + updates)

    @cached_property
    def events(self) -> dict[int, str]:
        """What happens at which pass, as far as this training goes."""
        named = dict(self.recipe.events(self.length))
        if self.recipe.passes is None:
            named |= schedules.events(self.recipe.schedule, self.recipe.schedule_options, self.length)
        if self.at(0).uses.accumulate > 1:
            first = next((n for n in range(self.stop) if self.at(n).updates), None)
            if first is not None:
                named["first step of the optimiser"] = first
        named[LAST] = self.stop - 1
        found: dict[int, str] = {}
        for name, number in named.items():
            if 0 <= number < self.stop:
                found[number] = f"{found[number]}, {name}" if number in found else name
        return dict(sorted(found.items()))

    def forced(self) -> list[int]:
        """The passes of which both sides take a forced step: 0, 1, 2, 4, ... and those around each event."""
        doubling = [0] + [2**power for power in range(self.stop.bit_length() + 1)]
        around = [number for event in self.events for number in (event - 1, event, event + 1)]
        return sorted({number for number in [*doubling, *around] if 0 <= number < self.stop})
