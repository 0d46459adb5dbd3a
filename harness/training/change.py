"""Ways in which a training step departs from its recipe: planted as mistakes, tried as causes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Change:
    """What differs from the recipe; nothing by default.

    `kind` is another optimiser. `options` replace those of the optimiser and the rate is taken `rate` times,
    in `groups` alone where any are named. All that a pass uses comes `lag` passes late. `left_out` are globs
    of parameters that are not updated, `also` those of no group that are. `early_eps` adds eps before the
    bias correction, and `begun` is how many more steps the correction believes to lie behind it. With
    `slots_lost` the optimiser has forgotten everything. `clip` is another largest norm, 0 for none; `clip_by`
    says of what: of all gradients together, of each one by itself, or the size of each element. `keeps` is
    another share that stays in the averaged weights; with `early_average` they follow the weights before the
    step. `sums` says how gradients come together: all of them, their mean, or the last ones alone; with
    `uncleared` they stay after the step. `gradient` multiplies them, `loss` the losses.
    """

    kind: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    lag: int = 0
    rate: float = 1.0
    left_out: list[str] = field(default_factory=list)
    also: list[str] = field(default_factory=list)
    early_eps: bool = False
    begun: int = 0
    slots_lost: bool = False
    clip: float | None = None
    clip_by: Literal["all", "each", "element"] = "all"
    keeps: float | None = None
    early_average: bool = False
    sums: Literal["all", "mean", "last"] = "all"
    uncleared: bool = False
    gradient: float = 1.0
    loss: float = 1.0
