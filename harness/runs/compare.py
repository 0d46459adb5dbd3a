"""A whole comparison: both sides recorded, the truth found or measured, judged, written to one folder."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import reports
from harness import comparing, pairs
from harness.alignment import Alignment, SideReport
from harness.case import Case
from harness.errors import BadInput, WorkerLost
from harness.pairs.base import Arrays, Pair
from harness.progress import Progress
from harness.runs import alone, material, truths
from harness.runs import folder as folders
from harness.runs.drive import Drive, Recorded
from harness.runs.reference import Stored, stored_reference
from harness.runs.request import CompareRequest
from harness.scratch import Scratch, scratch, scratch_folder
from harness.session import Loss, Worker
from harness.trace import Trace
from harness.verdict import MetricPolicy, NoisePolicy

SIDES = ("torch", "jittor")


After = Callable[["Work", Alignment, Path], None]


@dataclass
class Work:
    """Everything one comparison holds while it runs."""

    request: CompareRequest
    pair: Pair
    case: Case
    folder: Path
    room: Scratch
    progress: Progress
    stored: Stored | None = None
    after: After | None = None
    kept: Mapping[str, Worker] = field(default_factory=dict)
    quiet: threading.Lock = field(default_factory=threading.Lock)
    state: Future[Path] = field(default_factory=Future)
    workers: dict[str, Worker] = field(default_factory=dict)
    recorded: dict[str, Recorded] = field(default_factory=dict)
    lost: dict[str, SideReport] = field(default_factory=dict)
    truth: Path | None = None
    truth_cost: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)

    @property
    def scratch(self) -> Path:
        """Where small files go that end with the run."""
        return self.room.folder

    @property
    def forced(self) -> Path:
        """The trace of the port's layers alone, beside the reference's."""
        return self.recorded["torch"].trace.with_name("alone.h5")

    @property
    def live(self) -> tuple[str, ...]:
        """The sides that run; a stored trace that stands in for the reference leaves one."""
        return SIDES if self.stored is None or self.stored.upstream else ("jittor",)


@contextlib.contextmanager
def kept_workers(device: str, timeout: float) -> Iterator[dict[str, Worker]]:
    """Workers of both sides for many comparisons in a row."""
    with scratch_folder() as place, contextlib.ExitStack() as stack:
        yield {
            side: stack.enter_context(Worker(side, device, place, place / f"{side}.log", timeout))
            for side in SIDES
        }


def compare(
    request: CompareRequest,
    progress: Progress,
    after: After | None = None,
    workers: Mapping[str, Worker] | None = None,
) -> Alignment:
    """Compare a port with its reference and write the run's folder.

    `after` is called with the work, the alignment and the inputs' file while both workers are alive.
    `workers` are used instead of new ones, and live on.
    """
    pair = _find(request.model)
    stored = stored_reference(request, pair) if request.reference else None
    case = stored.case if stored else _case(request, pair)
    folder = folders.choose(request.output, case)
    progress.event("run", "folder", path=str(folder))
    try:
        with scratch() as room:
            work = Work(request, pair, case, folder, room, progress, stored, after, workers or {})
            alignment = run(work)
    except BaseException:
        folders.discard_if_empty(folder)
        raise
    return alignment


def _find(model: str) -> Pair:
    pair: Pair = pairs.find(model)
    return pair


def _case(request: CompareRequest, pair: Pair) -> Case:
    try:
        return request.case(pair)
    except ValueError as error:
        raise BadInput(str(error)) from error


def draw_inputs(work: Work) -> Arrays:
    """The inputs of the case: those of the stored reference, or what the pair draws."""
    if work.stored is not None and work.stored.inputs:
        return work.stored.inputs
    try:
        return work.pair.draw_inputs(work.case.request(work.pair))
    except ValueError as error:
        raise BadInput(str(error)) from error


def run(work: Work) -> Alignment:
    """Record what has to run, judge, and write what is kept while the workers end."""
    inputs = draw_inputs(work)
    path = material.write(work.scratch / "inputs.h5", "input", inputs)
    work.header = {
        "case": work.case.to_dict(),
        "inputs": material.fingerprint(inputs),
        "dtype": work.case.dtype,
        "layers": work.request.layers,
    }
    with contextlib.ExitStack() as stack:
        for side in work.live:
            log = work.folder / "logs" / f"{side}.log"
            work.workers[side] = work.kept.get(side) or stack.enter_context(
                Worker(side, work.case.device, work.scratch, log, work.request.timeout)
            )
        with ThreadPoolExecutor(len(work.live)) as pool:
            futures = [pool.submit(_guarded, work, side, path) for side in work.live]
        for future in futures:
            future.result()
        alignment = _judge(work)
        alone.add(work, alignment, path)
        if work.after is not None:
            work.after(work, alignment, path)
        for side in work.live:
            if side not in work.kept:
                work.workers[side].dismiss()
        alignment.costs["ratio"] = _ratio(work, alignment.costs)
        _keep(work, alignment)
    return alignment


def _guarded(work: Work, side: str, inputs: Path) -> None:
    """Run one side; a lost worker becomes a report, anything else ends the comparison."""
    worker = work.workers[side]
    try:
        _run_side(work, side, inputs)
    except WorkerLost as error:
        work.lost[side] = _lost(worker.loss(error))
        work.progress.event(side, "failed", text=str(error))
        _stop_waiting(work, side, error)
    except Exception as error:  # whatever it is, the other side must not wait for ever
        _stop_waiting(work, side, error)
        raise


def _lost(loss: Loss) -> SideReport:
    return SideReport(
        status="failed",
        error=loss.message,
        signal=loss.signal,
        last_layer=loss.last_layer,
        stderr_tail=loss.stderr_tail,
    )


def _stop_waiting(work: Work, side: str, error: Exception) -> None:
    """Tell the side that waits for its weights that they will not come."""
    if side == work.live[0] and not work.state.done():
        work.state.set_exception(WorkerLost(f"stopped, since the reference side failed: {error}"))


def _run_side(work: Work, side: str, inputs: Path) -> None:
    drive = Drive(work.workers[side], work.case, work.request.layers, work.progress, work.quiet)
    table = drive.build()
    if side == work.live[0]:
        _provide_state(work, work.stored.state_table if work.stored and work.stored.state_table else table)
    state = work.state.result()
    work.recorded[side] = drive.record(
        inputs,
        state,
        partial(work.room.place, f"{side}.h5"),
        {**work.header, "side": side},
        isinstance(work.request.policy, MetricPolicy),
    )
    if side == "torch":
        work.truth = _truth(work, inputs, work.recorded[side].trace)


def _provide_state(work: Work, table: list[list[Any]]) -> None:
    state = material.state_for(work.pair, work.case, table)
    work.header["state"] = material.fingerprint(state)
    work.state.set_result(material.write(work.scratch / "state.h5", "state", state))


def _truth(work: Work, inputs: Path, trace: Path) -> Path | None:
    """The truth of this case: found in the cache, or measured now by the torch worker."""
    if work.case.dtype != "float32":
        return None
    worker = work.workers["torch"]
    found = truth_path(work, truths.METHOD)
    if truths.usable(found):
        work.truth_cost = {"cached": True}
        return found
    work.progress.event("torch", "state", text="float64 run and noise")
    cost = worker.call(
        "measure_truth",
        inputs=str(inputs),
        mode=work.case.mode,
        reference=str(trace),
        path=str(found),
        scratch=str(work.scratch),
        samples=truths.SAMPLES,
        layers=work.request.layers,
        header={**work.header, "side": "torch"},
    )
    work.truth_cost = {**cost, "cached": False}
    truths.tidy()
    work.progress.event("torch", "done")
    return found


def truth_path(work: Work, method: str) -> Path:
    """Where the truth of this case, measured by that method, is kept."""
    digest = work.case.digest(
        work.header["inputs"],
        work.header["state"],
        work.request.layers,
        truths.source_digest(work.pair),
        str(work.workers["torch"].description["versions"]),
        method,
    )
    return truths.folder() / f"{digest}.h5"


def _judge(work: Work) -> Alignment:
    """Open what was recorded, compare it, and add what the run cost."""
    started = time.process_time()
    with contextlib.ExitStack() as stack:
        traces = {side: stack.enter_context(Trace.open(done.trace)) for side, done in work.recorded.items()}
        truth = stack.enter_context(Trace.open(work.truth)) if work.truth else None
        alignment = _compare_traces(work, traces, truth)
    alignment.costs = _costs(work, time.process_time() - started)
    alignment.observer = {side: done.observer for side, done in work.recorded.items()}
    alignment.sentence += _disturbance(alignment)
    return alignment


def _disturbance(alignment: Alignment) -> str:
    """A warning where looking changed the outputs by more than rounding does."""
    outputs = [row.measured for row in alignment.rows if row.address.startswith("output:")]
    noise = max((found.noise_max or 0.0 for found in outputs if found is not None), default=0.0)
    allowed = NoisePolicy().max_factor * noise
    told = [
        f" Recording itself changes {side}'s outputs by up to {found['max_abs']:.2g}: more than rounding."
        for side, found in alignment.observer.items()
        if noise and found.get("max_abs", 0.0) > allowed
    ]
    return "".join(told)


def _compare_traces(work: Work, traces: dict[str, Trace], truth: Trace | None) -> Alignment:
    """Port against reference; a stored reference stands in for it, an upstream one is held against both."""
    stored = work.stored
    if stored is not None and not stored.upstream:
        return _compared(work, (stored.name, "jittor"), stored.trace, traces.get("jittor"), stored.truth)
    alignment = _compared(work, SIDES, traces.get("torch"), traces.get("jittor"), truth)
    if stored is not None:
        for side in SIDES:
            _hold(
                work,
                alignment,
                side,
                _compared(work, (stored.name, side), stored.trace, traces.get(side), truth),
            )
    return alignment


def _hold(work: Work, alignment: Alignment, side: str, against: Alignment) -> None:
    """Add how one side fares against the stored trace; aligned is only what reproduces it on both sides."""
    assert work.stored is not None
    told = {"side": side, "trace": work.stored.name, "verdict": against.verdict, "sentence": against.sentence}
    alignment.held.append(told)
    alignment.sentence += f" Held against {work.stored.name}: {against.sentence}"
    if alignment.verdict == "aligned":
        alignment.verdict = against.verdict
    against.save(work.folder / f"against-{side}.json")


def _compared(
    work: Work, names: tuple[str, ...], reference: Trace | None, candidate: Trace | None, truth: Trace | None
) -> Alignment:
    first, second = names
    reports = comparing.side_reports(reference, candidate, (first, second))
    reports |= {side: report for side, report in work.lost.items() if side in reports}
    return comparing.compare(
        reference,
        candidate,
        truth,
        work.request.policy,
        work.pair.overrides(work.pair.variant(work.case.variant), work.case.mode),
        sides=reports,
        case={**work.case.to_dict(), **work.request.settings()},
    )


def _costs(work: Work, judge: float) -> dict[str, Any]:
    """Seconds and bytes, per side, and the one ratio: recorded and judged over bare."""
    costs: dict[str, Any] = {side: done.costs for side, done in work.recorded.items()}
    costs.update(judge={"cpu": judge}, truth=work.truth_cost)
    return costs


def _ratio(work: Work, costs: dict[str, Any]) -> float | None:
    """The processor time of everything done for each comparison anew, over that of the bare runs."""
    if len(work.recorded) < len(work.live):
        return None
    bare = sum(done.costs["bare"]["cpu"] for done in work.recorded.values())
    recorded = sum(
        done.costs[step]["cpu"] for done in work.recorded.values() for step in ("room", "recorded")
    )
    once = sum(costs.get(step, {}).get("cpu", 0.0) for step in ("judge", "local"))
    return float(recorded + once) / bare if bare else None


def _keep(work: Work, alignment: Alignment) -> None:
    """Write what the run leaves behind."""
    if work.request.keep != "none":
        (work.folder / "traces").mkdir(exist_ok=True)
        for side, done in work.recorded.items():
            target = work.folder / "traces" / f"{side}.h5"
            with Trace.open(done.trace) as trace:
                if work.request.keep == "compact":
                    trace.compacted(target)
                else:
                    trace.copy(target)
    alignment.save(work.folder / "alignment.json")
    reports.write(alignment, work.folder / "report.html")
