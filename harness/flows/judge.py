"""Judges what both sides of a comparison recorded, and adds what that cost."""

from __future__ import annotations

import contextlib
import time

from harness import comparing
from harness.alignment import Alignment
from harness.alignment_rows import AgainstStored
from harness.answers import Observer
from harness.case import PORT, REFERENCE, SIDES
from harness.costs import Costs, Spent
from harness.flows.comparison import Comparison
from harness.flows.recordings import Recordings
from harness.provenance import Provenance, provenance
from harness.trace import Trace

_Names = tuple[str, str]


def judge(live: Comparison, recordings: Recordings) -> Alignment:
    """Compare the recorded traces, each tensor by the policy of the request."""
    started = time.process_time()
    with contextlib.ExitStack() as stack:
        traces = _open(recordings, stack)
        truth = stack.enter_context(Trace.open(recordings.truth)) if recordings.truth else None
        alignment = _compare_traces(live, recordings, traces, truth)
    alignment.costs = Costs(
        sides={side: done.costs for side, done in recordings.sides.items()},
        judge=Spent(cpu=time.process_time() - started),
        truth=recordings.truth_cost,
    )
    return alignment


def add_evidence(live: Comparison, recordings: Recordings, alignment: Alignment) -> None:
    """Keep what pictures of the diverged tensors need, while both traces are at hand."""
    if not alignment.sources and alignment.first is None:
        return
    stored = live.stored
    with contextlib.ExitStack() as stack:
        traces = _open(recordings, stack)
        replaced = stored is not None and not stored.upstream
        reference = stored.trace if stored is not None and replaced else traces.get(REFERENCE)
        alignment.evidence = comparing.evidence(alignment, reference, traces.get(PORT))


def _open(recordings: Recordings, stack: contextlib.ExitStack) -> dict[str, Trace]:
    """What each side recorded, or recorded until it was lost."""
    traces = {side: stack.enter_context(Trace.open(done.trace)) for side, done in recordings.sides.items()}
    return traces | {
        side: stack.enter_context(Trace.open(partly, allow_incomplete=True))
        for side, partly in recordings.partly.items()
    }


def _compare_traces(
    live: Comparison, recordings: Recordings, traces: dict[str, Trace], truth: Trace | None
) -> Alignment:
    """Compare the port with the reference, or with a stored one; an upstream trace is compared with both."""
    stored = live.stored
    reference, port = traces.get(REFERENCE), traces.get(PORT)
    if stored is not None and not stored.upstream:
        truth_from = stored.truth.path.name if stored.truth else ""
        return _compare(live, recordings, (stored.name, PORT), stored.trace, port, stored.truth, truth_from)
    alignment = _compare(live, recordings, (REFERENCE, PORT), reference, port, truth)
    if stored is not None:
        for side in SIDES:
            against = _compare(live, recordings, (stored.name, side), stored.trace, traces.get(side), truth)
            alignment.against_stored.append(
                AgainstStored(side, stored.name, against.verdict, against.sentence)
            )
            against.save(live.folder / f"against-{side}.json")
        comparing.conclude(alignment, live.request.policy)
    return alignment


def _compare(
    live: Comparison,
    recordings: Recordings,
    names: _Names,
    reference: Trace | None,
    candidate: Trace | None,
    truth: Trace | None,
    truth_from: str = "",
) -> Alignment:
    reports = comparing.side_reports(reference, candidate, names)
    reports |= {side: report for side, report in recordings.lost.items() if side in reports}
    alignment = comparing.compare(
        reference,
        candidate,
        truth,
        live.request.policy,
        live.overrides,
        sides=reports,
        case={**live.case.to_dict(), **live.request.settings()},
        truth_from=truth_from,
        observer=_observers(recordings),
    )
    alignment.provenance = _provenance(live)
    return alignment


def _provenance(live: Comparison) -> Provenance:
    upstream = live.pair.variant(live.case.variant).upstream
    followed = f"{upstream.repo}@{upstream.commit}" if upstream else ""
    return provenance(live.pair.title, followed)


def _observers(recordings: Recordings) -> dict[str, Observer]:
    """How recording changed each side; the reference first, whichever side was done first."""
    recorded = {side: recordings.sides[side] for side in SIDES if side in recordings.sides}
    return {side: done.observer for side, done in recorded.items() if done.observer is not None}


def cost_ratio(live: Comparison, recordings: Recordings, costs: Costs) -> float | None:
    """The processor time of everything done for each comparison anew, over that of the bare runs."""
    if len(recordings.sides) < len(live.sides):
        return None
    taken = [done.costs for done in recordings.sides.values()]
    bare = _processor_time([one.bare for one in taken])
    recorded = _processor_time([run for one in taken for run in (one.room, one.recorded)])
    once = _processor_time([costs.judge, costs.isolated])
    return (recorded + once) / bare if bare else None


def _processor_time(steps: list[Spent | None]) -> float:
    return sum(step.cpu or 0.0 for step in steps if step is not None)
