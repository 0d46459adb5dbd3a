"""The published training recipe: who learns at which rate, and how the rate falls."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harness.errors import BadInput
from harness.older_python import strict_zip
from harness.pairs.recipe import Group, Length, Pass

GROUPS = (
    ("down_query", 1),
    ("down_supp", 1),
    ("REF", 1),
    ("cls", 1),
    ("conv_2T1", 1),
    ("conv_3x3", 10),
    ("DP", 10),
    ("conv_3T1", 10),
)
"""The children that learn, in the order of the parameter groups, and the factor on the rate of each."""

BATCH = 2
ITERATIONS = 200  # of an epoch: 400 queries in batches of 2


@dataclass(frozen=True)
class Poly:
    """base (1 - it / last) ** power for the iterations 1 to `last`; the last one has the rate 0."""

    base: float
    last: int
    power: float = 0.9
    warm_up: int = 0
    """Iterations of a linear start from a tenth of the base; none as published."""

    def rate(self, iteration: int) -> float:
        """The rate of an iteration, for the groups with the factor 1."""
        if not 0 < iteration <= self.last:
            raise BadInput(f"iteration {iteration} of {self.last}; the first is 1")
        if iteration < self.warm_up:
            return self.base * (0.1 + 0.9 * iteration / self.warm_up)
        return float(self.base * (1 - iteration / self.last) ** self.power)

    def rates(self, iteration: int) -> list[float]:
        """The rate of each group."""
        return [factor * self.rate(iteration) for _, factor in GROUPS]


def passes(length: Length, lr: float) -> Callable[[int], Pass]:
    """What each pass uses: the rate of its iteration, which counts from 1."""
    schedule = Poly(lr, length.passes)

    def uses(number: int) -> Pass:
        rates = schedule.rates(number + 1)
        return Pass({name: {"lr": rate} for (name, _), rate in strict_zip(GROUPS, rates)})

    return uses


def groups() -> tuple[Group, ...]:
    """The groups for a recipe; the backbone is in none."""
    return tuple(Group(name, (f"{name}.*",), factor=factor) for name, factor in GROUPS)


def grouped(names: Iterable[str]) -> list[list[str]]:
    """Parameter names by group; those of the backbone belong to none."""
    listed = list(names)
    return [[name for name in listed if name.startswith(f"{child}.")] for child, _ in GROUPS]
