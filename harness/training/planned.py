"""A plan as `--plan` shows it: the groups, and what the steps use at which something happens."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class PlannedStep:
    """One pass: its rates by group, whether the optimiser steps, and what happens there."""

    step: int
    epoch: int
    groups: dict[str, dict[str, float]]
    updates: bool
    event: str


@dataclass(frozen=True)
class Planned:
    """A whole training, as data."""

    optimizer: str
    options: dict[str, Any]
    epochs: int
    steps_per_epoch: int
    batch: int
    stop: int
    groups: dict[str, list[str]]
    unclaimed: list[str]
    steps: list[PlannedStep]
    forced: list[int]
    quirks: list[str]

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {**asdict(self), "exit_code": 0}
