"""What a comparison costs, step by step, as its alignment keeps it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from harness import json_codec
from harness.answers import Cost, Times


@dataclass
class SideCosts:
    """What one side took: seconds of the steps before the runs, then the bare and the recorded run.

    `room` is what it took to make room for the trace, `compiled` how many operators were compiled.
    """

    start: float | None = None
    build: float | None = None
    warm_up: float | None = None
    gpu_peak_bytes: int | None = None
    bare: Cost | None = None
    room: Times | None = None
    recorded: Cost | None = None
    compiled: int | None = None

    def to_dict(self) -> dict[str, object]:
        """What is known, as an alignment keeps it."""
        known = {field.name for field in fields(self) if getattr(self, field.name) is not None}
        return {name: value for name, value in json_codec.to_plain(self).items() if name in known}


@dataclass(frozen=True)
class TruthCost:
    """What it took to measure the noise of the reference; `cached` where an earlier run had done that."""

    cached: bool
    wall: float | None = None
    cpu: float | None = None

    def to_dict(self) -> dict[str, object]:
        """What is known, as an alignment keeps it."""
        return {name: value for name, value in vars(self).items() if value is not None}
