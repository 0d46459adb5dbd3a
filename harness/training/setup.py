"""How a training is set up, and what each of its passes uses: both sides get this."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.pairs.base import Mode
from harness.pairs.recipe import Length


@dataclass(frozen=True)
class Setup:
    """How a training is set up on both sides.

    Where there is a `length`, a side that has training code of its own uses that for a training so long.
    """

    optimizer: str
    options: dict[str, Any]
    groups: dict[str, list[str]]
    group_options: dict[str, dict[str, Any]]
    mode: Mode = "train"
    clip: float | None = None
    averages: bool = False
    length: Length | None = None


@dataclass(frozen=True)
class Uses:
    """What one pass uses.

    `groups` has the options of those that learn. `updates` says whether the optimiser steps at its end,
    `keeps` what an average keeps of itself then, and `passes` how many come together for a step. The
    losses get `loss_arguments`. All rates are taken `rate` times on both sides.
    """

    number: int
    groups: dict[str, dict[str, float]]
    updates: bool = True
    keeps: float | None = None
    passes: int = 1
    loss_arguments: dict[str, int] = field(default_factory=dict)
    rate: float = 1.0
