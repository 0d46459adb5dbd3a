"""Runs every layer of the port in isolation, on the inputs that the reference recorded."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from pathlib import Path

from harness import comparing
from harness.alignment import Alignment
from harness.alignment_rows import IsolatedRun
from harness.answers import Times
from harness.case import PORT, REFERENCE, SIDES
from harness.costs import Spent
from harness.errors import WorkerLost
from harness.flows.comparison import Comparison
from harness.flows.recordings import Recordings
from harness.flows.reference_noise import isolated_noise, kept_or_measured, trace_header, truth_path
from harness.requests import RunIsolated
from harness.trace import Trace
from harness.verdict import MetricPolicy

METHOD = "alone-5"  # part of the digest of kept truths: another name would measure them all anew


def judge_isolated_layers(live: Comparison, recordings: Recordings, alignment: Alignment) -> None:
    """Judge every layer in isolation, and list the sources; the alignment says why if that was not done."""
    why = _why_not(live, recordings, alignment)
    if why:
        alignment.isolated = IsolatedRun(ran=False, why=why)
        return
    try:
        _judge(live, recordings, alignment)
    except WorkerLost as error:
        why = f"a side was lost while its layers ran alone: {error}"
        alignment.isolated = IsolatedRun(ran=False, why=why)


def _why_not(live: Comparison, recordings: Recordings, alignment: Alignment) -> str:
    if live.request.isolated == "never":
        return "it was not asked for (--isolated never)"
    failed = [side for side, report in alignment.sides.items() if report.status == "failed"]
    if failed and not (failed == [PORT] and _still_answers(live, recordings)):
        return "a side did not reach the end"
    if not failed and set(recordings.sides) != set(SIDES):
        return "a stored trace replaces the reference, and isolated layers need the reference to run"
    if isinstance(live.request.policy, MetricPolicy):
        return "metrics alone were judged"
    if comparing.randomness(alignment):
        return "two runs of a side differ, so an isolated layer proves nothing"
    if live.request.isolated == "auto" and alignment.verdict == "aligned":
        return "nothing diverged (--isolated always runs them all the same)"
    return ""


def _still_answers(live: Comparison, recordings: Recordings) -> bool:
    """Whether a port that raised has left what it did until then, and both workers are alive."""
    recorded = PORT in recordings.partly and REFERENCE in recordings.sides
    return recorded and not any(live.workers[side].stopped for side in SIDES)


def _judge(live: Comparison, recordings: Recordings, alignment: Alignment) -> None:
    truth, truth_cost = _find_truth(live, recordings)
    live.progress.event(PORT, "state", text="running each layer alone")
    cost = run_isolated(live, recordings, comparing.paired_addresses(alignment))
    live.progress.event(PORT, "done")
    started = time.process_time()
    with contextlib.ExitStack() as stack:
        reference = stack.enter_context(Trace.open(recordings.sides[REFERENCE].trace))
        isolated = stack.enter_context(Trace.open(recordings.isolated))
        exact = stack.enter_context(Trace.open(truth)) if truth else None
        comparing.add_isolated(alignment, reference, isolated, exact, live.request.policy)
    cost = replace(cost, cpu=cost.cpu + time.process_time() - started)
    alignment.costs.isolated, alignment.costs.isolated_truth = Spent.of(cost), truth_cost


def run_isolated(live: Comparison, recordings: Recordings, paired: list[str]) -> Times:
    """One pass of the port in which every paired layer is given the reference's own tensors; its cost."""
    request = RunIsolated(
        inputs=str(live.inputs),
        mode=live.case.mode,
        reference=str(recordings.sides[REFERENCE].trace),
        addresses=paired,
        trace=str(recordings.isolated),
        dtype=live.case.dtype,
        header=trace_header(live, recordings, PORT),
        partly=PORT in recordings.partly,
    )
    return live.workers[PORT].call(request)


def isolated_truth_path(live: Comparison, recordings: Recordings) -> Path:
    """Where the noise that each layer of the reference makes in isolation is kept."""
    return truth_path(live.pair, trace_header(live, recordings, REFERENCE), live.workers[REFERENCE], METHOD)


def _find_truth(live: Comparison, recordings: Recordings) -> tuple[Path | None, Spent | None]:
    """The noise of each isolated layer of the reference: kept from an earlier run, or measured now."""
    if live.case.dtype != "float32":
        return None, None
    found = isolated_truth_path(live, recordings)
    request = isolated_noise(live, recordings, found)
    doing = "float64 run of each layer alone"
    return found, kept_or_measured(live.workers[REFERENCE], request, live.progress, doing)
