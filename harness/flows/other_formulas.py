"""Asks by experiment whether a port that differs inside alone computes the same by another formula."""

from __future__ import annotations

from pathlib import Path

from harness import comparing
from harness.alignment import Alignment
from harness.case import REFERENCE, SIDES
from harness.errors import WorkerLost
from harness.flows.comparison import Comparison
from harness.flows.isolated_layers import run_isolated
from harness.flows.recordings import Recordings
from harness.trace import Trace
from harness.verdict import MetricPolicy


def allow_other_formulas(live: Comparison, recordings: Recordings, alignment: Alignment, port: Path) -> None:
    """Conclude anew where the port, whose trace is given, needs what differs in it; the alignment is changed.

    One run of the port for each result of a module: all modules are asked at once.
    """
    asks = live.request.isolated != "never" and not isinstance(live.request.policy, MetricPolicy)
    if not asks or set(recordings.sides) != set(SIDES) or comparing.randomness(alignment):
        return
    if not comparing.differs_inside(alignment.rows):
        return
    found = alignment.coverage.needed
    with Trace.open(recordings.sides[REFERENCE].trace) as reference:
        with Trace.open(port) as candidate:
            found += comparing.needed_inputs(alignment.rows, candidate, reference)
        for trial in comparing.trials(alignment, reference):
            try:
                run_isolated(live, recordings, trial.addresses)
            except WorkerLost:
                break  # what was not asked stays as it is judged
            with Trace.open(recordings.isolated) as forced:
                found += comparing.needed(trial, reference, forced)
            recordings.isolated.unlink()
    if found:
        comparing.conclude(alignment, live.request.policy)
