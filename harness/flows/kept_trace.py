"""Keeping the trace of a run: whole or compact, that of a reference together with its float64 truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.flows.float64_cache import SAMPLES
from harness.trace import Trace, carry


@dataclass(frozen=True)
class RecordedTrace:
    """A trace that was recorded, and in words whether it carries a float64 truth."""

    path: Path
    truth: str


def keep_trace(recorded: Path, target: Path, truth: Path | None, *, compact: bool) -> None:
    """Keep a recorded trace at `target`. A compact one has its samples where the truth has them."""
    with Trace.open(recorded) as trace:
        if compact:
            trace.compacted(target, SAMPLES)
        else:
            trace.copy(target)
    if truth is not None:
        carry(target, truth)
