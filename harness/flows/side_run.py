"""Takes one worker through a case: build, load, rehearse, run bare, record."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

from harness.answers import Description, Observer, RunDone
from harness.background import repeating
from harness.case import Case
from harness.costs import SideCosts, Spent
from harness.dropout import Agreement, Draw, DropoutPlan, alone
from harness.errors import HarnessError
from harness.flows.asked_layers import AskedLayers
from harness.gpu_memory import process_bytes
from harness.progress import Progress
from harness.requests import Backward, Build, Load, PlanDropout, Run, UpstreamModel
from harness.session import ModelFailed, Worker
from harness.state_table import StateTable
from harness.trace_header import TraceHeader

T = TypeVar("T")

Step = Literal["start", "build", "warm_up"]
_MOST_WARM_UPS = 4
_POLL_SECONDS = 0.2
_JOIN_SECONDS = 5.0


@dataclass
class Recorded:
    """The recording of a case on one side."""

    trace: Path
    description: Description
    costs: SideCosts
    observer: Observer | None = None


@contextmanager
def watched(worker: Worker, progress: Progress) -> Iterator[None]:
    """Report the layer that the worker is in, as long as it is busy."""
    operators, on_card = 0, worker.device == "cuda"

    def look() -> None:
        nonlocal operators
        place = worker.place()
        if place.layer:
            progress.event(worker.side, "layer", path=place.layer, done=place.calls)
        if on_card:
            worker.gpu_peak_bytes = max(worker.gpu_peak_bytes, process_bytes(worker.pid))
        if worker.identity is None and worker.core is not None:
            files = worker.core.compiled()
            if files:
                progress.event(worker.side, "core", files=files)
        found = compiled_operators(worker)
        if found != operators:
            operators = found
            progress.event(worker.side, "compiled", operators=found)

    # a terminal that takes nothing more must not hold up the run
    with repeating(look, _POLL_SECONDS, _JOIN_SECONDS):
        yield


def compiled_operators(worker: Worker) -> int:
    """How many operators the worker has compiled since it started, read from its cache while it works."""
    identity = worker.identity
    if identity is None or not identity.operator_cache:
        return 0
    return max(0, sum(1 for _ in Path(identity.operator_cache).glob("*.so")) - identity.compiled)


class SideRun:
    """One side of a comparison, step by step; the steps are timed."""

    def __init__(
        self,
        worker: Worker,
        case: Case,
        layers: str,
        progress: Progress,
        quiet: threading.Lock,
        asked: AskedLayers | None = None,
        known: bool = False,
    ) -> None:
        self.worker, self.case, self.layers, self.known = worker, case, layers, known
        self.asked = asked or AskedLayers([worker.side])
        self.progress, self.quiet = progress, quiet
        self.costs = SideCosts()
        self.upstream: UpstreamModel | None = None
        self.agree: Callable[[list[Draw]], Agreement] = alone
        self._again: Callable[[], Path | None] | None = None
        self.description: Description

    def build(self) -> StateTable:
        """Start the framework and make the model; the state table."""
        self._timed("start", "starting", self.worker.ready)
        request = Build(self.case.pair, self.case.variant, self.upstream)
        self.description = self._timed(
            "build", f"building {self.case.variant}", lambda: self.worker.call(request)
        )
        return self.description.state

    def record(
        self,
        inputs: Path,
        state: Path,
        place: Callable[[int], Path],
        header: TraceHeader,
        metrics: bool = False,
    ) -> Recorded:
        """Load, warm up, run once bare and once recorded; only those last two count.

        `place` says where a trace of so many bytes goes. Of a case that is known there is no bare run: that
        tells what recording costs and whether the model draws.
        """
        self.worker.call(Load(str(state)))
        self._again = partial(self._record_partly, inputs, place, header)
        before = self.worker.ready().compiled
        self._plan_dropout(Agreement(), rehearsal=True)
        size, draws = self._timed("warm_up", "warming up", lambda: self._warm_up(inputs))
        agreed = self.agree(draws)
        self._plan_dropout(agreed)
        if agreed.off:  # other code runs where nothing is dropped
            size, _ = self._timed("warm_up", "warming up", lambda: self._warm_up(inputs))
        trace = place(size)
        with self.quiet:
            if not self.known:
                self._say("running bare")
                self.costs.bare = Spent.of(self.run_once(inputs, observe=False).cost)
            self._say("recording")
            recorded = self.run_once(inputs, trace=trace, header=header, metrics=metrics)
        if self.case.device == "cuda":
            self.costs.gpu_peak_bytes = self.worker.gpu_peak_bytes
        self.costs.recorded = Spent.of(recorded.cost)
        self.costs.room = Spent.of(recorded.room)
        self.costs.compiled = recorded.compiled - before
        self.progress.event(self.worker.side, "done")
        return Recorded(trace, self.description, self.costs, recorded.observer)

    def record_again(self) -> Path | None:
        """After the model has raised: what it does until then, recorded; None where that cannot be had."""
        try:
            return self._again() if self._again is not None else None
        except (HarnessError, OSError):  # the worker is gone, or nothing can be written
            return None

    def _record_partly(self, inputs: Path, place: Callable[[int], Path], header: TraceHeader) -> Path | None:
        trace = place(0)
        partly = trace.with_name(f"{trace.name}.partial")
        if not partly.is_file():
            with contextlib.suppress(ModelFailed):
                self.run_once(inputs, trace=trace, header=header)
                return trace
        return partly if partly.is_file() else None

    def _plan_dropout(self, agreed: Agreement, rehearsal: bool = False) -> None:
        """Tell the worker how dropouts drop, and where not."""
        treatment, seed = self.case.dropout, self.case.seed
        plan = DropoutPlan(treatment, seed, agreed.off, agreed.moved, agreed.reversed, rehearsal)
        self.worker.call(PlanDropout(plan))

    def _warm_up(self, inputs: Path) -> tuple[int, list[Draw]]:
        """Compile what both kinds of run need, and learn where the model breaks.

        The bytes to be recorded, and what dropouts drew.
        """
        rehearsed = self.run_once(inputs)
        self.asked.take(self.worker.side, rehearsed.unmatched)
        compiled = rehearsed.compiled
        for _ in range(0 if self.known else _MOST_WARM_UPS):
            now = self.run_once(inputs, observe=False).compiled
            if now == compiled:
                break
            compiled = now
        return rehearsed.bytes, rehearsed.draws

    def run_once(
        self,
        inputs: Path,
        observe: bool = True,
        trace: Path | None = None,
        header: TraceHeader | None = None,
        metrics: bool = False,
    ) -> RunDone:
        """Run one pass: forward, and backward too in a training mode."""
        request = Run(
            inputs=str(inputs),
            mode=self.case.mode,
            trace=None if trace is None else str(trace),
            layers=self.layers,
            observe=observe,
            dtype=self.case.dtype,
            header=header or TraceHeader(),
            metrics=metrics,
        )
        done = self.worker.call(request)
        if self.case.trains:
            back = self.worker.call(Backward())
            cost = done.cost.then(back.cost)
            done = replace(done, compiled=back.compiled, bytes=back.bytes, cost=cost)
        return done

    def _say(self, text: str) -> None:
        self.progress.event(self.worker.side, "state", text=text)

    def _timed(self, name: Step, text: str, work: Callable[[], T]) -> T:
        self._say(text)
        started = time.perf_counter()
        with watched(self.worker, self.progress):
            result = work()
        setattr(self.costs, name, time.perf_counter() - started)
        return result
