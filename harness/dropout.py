"""How both sides drop: which of their dropouts get one mask, and which are switched off.

A dropout draws at a place: the module that is being called, which call of it, which draw in that call. Both
sides draw the same numbers at the same place, so nothing shifts where one of them lacks a dropout.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import List, Literal

from harness import json_codec
from harness.choices import Dropout
from harness.json_codec import Partial

Numbers = Literal["uniform", "normal"]
NOTE = "dropout"
"""The note of a trace that lists its draws."""


@dataclass(frozen=True)
class Draw(Partial):
    """One draw: its place PATH#CALL.NUMBER, the shape of what is drawn, and why nothing was dropped there.

    A dropout of somebody's own may keep where its number is small; the others keep where it is large.
    """

    place: str = ""
    shape: list[int] = field(default_factory=list)
    off: str = ""
    keeps_small: bool = False
    kind: Numbers = "uniform"

    @property
    def path(self) -> str:
        """The module that draws."""
        return self.place.rpartition("#")[0]

    @property
    def size(self) -> int:
        """How many numbers are drawn."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class DropoutPlan:
    """How one side drops. `off` says by place why nothing is dropped there, `moved` names by place the
    reference's place whose numbers are drawn instead, and at the places of `reversed` 1 - number is drawn.

    In a rehearsal the numbers show which draws keep where their number is small. `number` is the pass of a
    training: each draws other numbers.
    """

    treatment: Dropout = "off"
    seed: int = 0
    off: dict[str, str] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    reversed: list[str] = field(default_factory=list)
    rehearsal: bool = False
    number: int = 0


@dataclass(frozen=True)
class Agreement:
    """What two sides that draw make of each other: places switched off on both, and the port's that moved.

    Places whose numbers are reversed are a side's own.
    """

    off: dict[str, str] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    reversed: list[str] = field(default_factory=list)


def agree(reference: Sequence[Draw], port: Sequence[Draw]) -> Agreement:
    """Pair the draws of both sides: by their place, the rest in order where they draw equally many numbers.

    What is left over has no partner. It drops on its own side, for a dropout that is missing is a fault.
    """
    ours, its = ({draw.place: draw for draw in draws} for draws in (reference, port))
    lone = [draw for draw in reference if draw.place not in its]
    pairs = {place: (ours[place], draw) for place, draw in its.items() if place in ours}
    moved: dict[str, str] = {}
    for draw in port:
        if draw.place in ours:
            continue
        place = next((n for n, other in enumerate(lone) if _alike(other, draw)), None)
        if place is not None:
            moved[draw.place] = lone[place].place
            pairs[draw.place] = (lone[place], draw)
            del lone[: place + 1]
    off: dict[str, str] = {}
    for one, other in pairs.values():
        if why := _why_off(one, other):
            off.update({one.place: why, other.place: why})
    return Agreement(off, moved)


def alone(draws: Sequence[Draw]) -> Agreement:
    """What a side knows of its own draws without the other side's."""
    return Agreement(
        off={draw.place: draw.off for draw in draws if draw.off},
        reversed=[draw.place for draw in draws if draw.keeps_small],
    )


def _alike(one: Draw, other: Draw) -> bool:
    return (one.size == other.size and one.kind == other.kind) or bool(one.off and other.off)


def _why_off(one: Draw, other: Draw) -> str:
    if one.off or other.off:
        return one.off or other.off
    if one.kind != other.kind:
        return f"its numbers are {one.kind} on one side and {other.kind} on the other"
    if one.size == other.size and not _same_order(one.shape, other.shape):
        return f"its numbers lie in the shape {one.shape} on one side and {other.shape} on the other"
    return ""


def _same_order(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether one of two shapes only joins neighbouring axes of the other, so that the order is the same."""
    steps = [set(itertools.accumulate(reversed(shape), lambda a, b: a * b)) - {1} for shape in (one, other)]
    return steps[0] <= steps[1] or steps[1] <= steps[0]


def read_draws(data: object) -> list[Draw]:
    """The draws that a trace notes; a note of another form says nothing, the trace may be a stranger's."""
    try:
        return json_codec.from_plain(List[Draw], data, NOTE)
    except json_codec.Unfit:
        return []
