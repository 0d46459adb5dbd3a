"""Every layer of the port alone, on the inputs that the reference recorded, after the two sides have run."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import comparing
from harness.alignment import Alignment
from harness.errors import WorkerLost
from harness.runs import truths
from harness.trace import Trace
from harness.verdict import MetricPolicy

if TYPE_CHECKING:
    from harness.runs.compare import Work

METHOD = "alone-2"


def add(work: Work, alignment: Alignment, inputs: Path) -> None:
    """Judge every layer alone as well, and list the sources; what stands in the way is told."""
    why = _why_not(work, alignment)
    if why:
        alignment.local = {"ran": False, "why": why}
        return
    try:
        _add(work, alignment, inputs)
    except WorkerLost as error:
        alignment.local = {"ran": False, "why": f"a side was lost while its layers ran alone: {error}"}


def _why_not(work: Work, alignment: Alignment) -> str:
    if work.request.local == "never":
        return "it was not asked for (--local never)"
    if alignment.verdict == "failed":
        return "a side did not reach the end"
    if set(work.recorded) != {"torch", "jittor"}:
        return "a stored trace stands in for the reference, which has to run for it"
    if isinstance(work.request.policy, MetricPolicy):
        return "metrics alone were judged"
    if work.request.local == "auto" and alignment.verdict == "aligned":
        return "nothing diverged (--local always runs them all the same)"
    return ""


def _add(work: Work, alignment: Alignment, inputs: Path) -> None:
    reference, forced = work.recorded["torch"].trace, work.forced
    truth, truth_cost = _truth(work, inputs, reference)
    work.progress.event("jittor", "state", text="running each layer alone")
    cost = run_port(work, inputs, forced, comparing.paired_addresses(alignment))
    work.progress.event("jittor", "done")
    started = time.process_time()
    with contextlib.ExitStack() as stack:
        traces = [stack.enter_context(Trace.open(path)) for path in (reference, forced)]
        exact = stack.enter_context(Trace.open(truth)) if truth else None
        comparing.add_local(alignment, traces[0], traces[1], exact, work.request.policy)
    cost["cpu"] += time.process_time() - started
    alignment.costs["local"] = cost
    alignment.costs["local truth"] = truth_cost


def run_port(work: Work, inputs: Path, forced: Path, paired: list[str]) -> dict[str, Any]:
    """One pass of the port in which every paired layer is given the reference's own tensors."""
    cost: dict[str, Any] = work.workers["jittor"].call(
        "run_isolated",
        inputs=str(inputs),
        mode=work.case.mode,
        reference=str(work.recorded["torch"].trace),
        addresses=paired,
        trace=str(forced),
        dtype=work.case.dtype,
        header={**work.header, "side": "jittor"},
    )
    return cost


def _truth(work: Work, inputs: Path, reference: Path) -> tuple[Path | None, dict[str, Any]]:
    """The noise that each layer of the reference makes alone: kept from an earlier run, or measured now."""
    from harness.runs.compare import truth_path

    if work.case.dtype != "float32":
        return None, {}
    found = truth_path(work, METHOD)
    if truths.usable(found):
        return found, {"cached": True}
    work.progress.event("torch", "state", text="float64 run of each layer alone")
    cost = work.workers["torch"].call(
        "measure_isolated",
        inputs=str(inputs),
        mode=work.case.mode,
        reference=str(reference),
        path=str(found),
        scratch=str(work.scratch),
        samples=truths.SAMPLES,
    )
    work.progress.event("torch", "done")
    return found, {**cost, "cached": False}
