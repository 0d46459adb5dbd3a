"""What a comparison costs, step by step, as its alignment keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from harness.answers import Times
from harness.json_codec import Partial


@dataclass(frozen=True)
class Spent(Partial):
    """What one step took, where it is known: seconds, and how far memory rose.

    `cached` says whether the result was kept from an earlier run.
    """

    wall: float | None = None
    cpu: float | None = None
    peak_bytes: int | None = None
    device_peak_bytes: int | None = None
    cached: bool | None = None

    @classmethod
    def of(cls, times: Times | None) -> Spent | None:
        """What a worker says that a step took."""
        return None if times is None else cls(**vars(times))


@dataclass
class SideCosts(Partial):
    """What one side took: seconds of the steps before the runs, then the bare and the recorded run.

    `room` is the time it took to reserve space for the trace. `compiled` counts the operators compiled.
    """

    start: float | None = None
    build: float | None = None
    warm_up: float | None = None
    gpu_peak_bytes: int | None = None
    bare: Spent | None = None
    room: Spent | None = None
    recorded: Spent | None = None
    compiled: int | None = None


@dataclass
class Costs(Partial):
    """What a comparison took: each side, and what is done once.

    `truth` and `isolated_truth` are the noise of the reference, measured or kept; `ratio` is the processor
    time of everything over that of the bare runs.
    """

    rest: ClassVar[str] = "sides"

    sides: dict[str, SideCosts] = field(default_factory=dict)
    judge: Spent | None = None
    truth: Spent | None = None
    isolated: Spent | None = None
    isolated_truth: Spent | None = field(default=None, metadata={"json": "isolated truth"})
    explain: Spent | None = None
    ratio: float | None = None
