"""What both sides are told of a training: how it is set up, and what each pass uses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.pairs.base import Mode


@dataclass(frozen=True)
class Setup:
    """How a training is set up, as both sides are told."""

    optimizer: str
    options: dict[str, Any]
    groups: dict[str, list[str]]
    group_options: dict[str, dict[str, Any]]
    mode: Mode = "train"
    clip: float | None = None
    averages: bool = False


@dataclass(frozen=True)
class Uses:
    """What one pass uses.

    `groups` has the options of those that learn. `updates` says whether the optimiser steps at its end,
    `keeps` what an average keeps of itself then, and `passes` how many come together for a step. `told` goes
    to the losses.
    """

    number: int
    groups: dict[str, dict[str, float]]
    updates: bool = True
    keeps: float | None = None
    passes: int = 1
    told: dict[str, int] = field(default_factory=dict)
