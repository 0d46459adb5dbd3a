"""Judges what both sides of a comparison recorded, and adds what that cost."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from harness import comparing, json_codec
from harness.alignment import Alignment
from harness.case import PORT, REFERENCE, SIDES
from harness.flows.comparison import Comparison
from harness.flows.record_sides import Recordings
from harness.trace import Trace

_Names = tuple[str, str]


def judge(live: Comparison, recordings: Recordings) -> Alignment:
    """Compare the recorded traces, each tensor by the policy of the request."""
    started = time.process_time()
    with contextlib.ExitStack() as stack:
        traces = {
            side: stack.enter_context(Trace.open(done.trace)) for side, done in recordings.sides.items()
        }
        truth = stack.enter_context(Trace.open(recordings.truth)) if recordings.truth else None
        alignment = _compare_traces(live, recordings, traces, truth)
    alignment.costs = {side: done.costs.to_dict() for side, done in recordings.sides.items()}
    alignment.costs["judge"] = {"cpu": time.process_time() - started}
    alignment.costs["truth"] = recordings.truth_cost.to_dict() if recordings.truth_cost else {}
    return alignment


def _compare_traces(
    live: Comparison, recordings: Recordings, traces: dict[str, Trace], truth: Trace | None
) -> Alignment:
    """Port against reference; a stored reference stands in for it, an upstream one is held against both."""
    stored = live.stored
    reference, port = traces.get(REFERENCE), traces.get(PORT)
    if stored is not None and not stored.upstream:
        return _compare(live, recordings, (stored.name, PORT), stored.trace, port, stored.truth)
    alignment = _compare(live, recordings, (REFERENCE, PORT), reference, port, truth)
    if stored is not None:
        for side in SIDES:
            against = _compare(live, recordings, (stored.name, side), stored.trace, traces.get(side), truth)
            _add_held_against(live, alignment, side, stored.name, against)
    return alignment


def _add_held_against(
    live: Comparison, alignment: Alignment, side: str, trace: str, against: Alignment
) -> None:
    """Add how one side fares against the stored trace; aligned is only what reproduces it on both sides."""
    alignment.held.append(
        {"side": side, "trace": trace, "verdict": against.verdict, "sentence": against.sentence}
    )
    alignment.sentence += f" Held against {trace}: {against.sentence}"
    if alignment.verdict == "aligned":
        alignment.verdict = against.verdict
    against.save(live.folder / f"against-{side}.json")


def _compare(
    live: Comparison,
    recordings: Recordings,
    names: _Names,
    reference: Trace | None,
    candidate: Trace | None,
    truth: Trace | None,
) -> Alignment:
    reports = comparing.side_reports(reference, candidate, names)
    reports |= {side: report for side, report in recordings.lost.items() if side in reports}
    return comparing.compare(
        reference,
        candidate,
        truth,
        live.request.policy,
        live.overrides,
        sides=reports,
        case={**live.case.to_dict(), **live.request.settings()},
        observer={
            side: json_codec.to_plain(recordings.sides[side].observer)
            for side in SIDES
            if side in recordings.sides
        },
    )


def cost_ratio(live: Comparison, recordings: Recordings, costs: dict[str, Any]) -> float | None:
    """The processor time of everything done for each comparison anew, over that of the bare runs."""
    if len(recordings.sides) < len(live.sides):
        return None
    taken = [done.costs for done in recordings.sides.values()]
    bare = sum(costs.bare.cpu for costs in taken if costs.bare)
    recorded = sum(run.cpu for costs in taken for run in (costs.room, costs.recorded) if run)
    once = sum(costs.get(step, {}).get("cpu", 0.0) for step in ("judge", "isolated"))
    return float(recorded + once) / bare if bare else None
