"""Takes one worker through a case: build, load, rehearse, run bare, record."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.case import Case
from harness.gpu_memory import process_bytes
from harness.progress import Progress
from harness.session import Worker
from harness.state_table import StateTable, read_table

_MOST_WARM_UPS = 4
_POLL_SECONDS = 0.2
_JOIN_SECONDS = 5.0


@dataclass
class Recorded:
    """What came of recording a case on one side."""

    trace: Path
    description: dict[str, Any]
    costs: dict[str, Any] = field(default_factory=dict)
    observer: dict[str, Any] = field(default_factory=dict)


@contextmanager
def watched(worker: Worker, progress: Progress) -> Iterator[None]:
    """Tell the progress where the worker is while it is busy."""
    stop = threading.Event()

    def watch() -> None:
        operators = 0
        on_card = worker.device == "cuda"
        while not stop.wait(_POLL_SECONDS):
            place = worker.place()
            if place.layer:
                progress.event(worker.side, "layer", path=place.layer, done=place.calls)
            if on_card:
                worker.gpu_peak_bytes = max(worker.gpu_peak_bytes, process_bytes(worker.pid))
            found = compiled_operators(worker)
            if found != operators:
                operators = found
                progress.event(worker.side, "compiled", operators=found)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_JOIN_SECONDS)  # a terminal that takes nothing more must not hold up the run


def compiled_operators(worker: Worker) -> int:
    """How many operators the worker has compiled since it started, read from its cache while it works."""
    cache = worker.description.get("operator_cache")
    if not cache:
        return 0
    return max(0, sum(1 for _ in Path(cache).glob("*.so")) - int(worker.description.get("compiled", 0)))


class SideRun:
    """One side of a comparison, step by step; the steps are timed."""

    def __init__(
        self, worker: Worker, case: Case, layers: str, progress: Progress, quiet: threading.Lock
    ) -> None:
        self.worker, self.case, self.layers = worker, case, layers
        self.progress, self.quiet = progress, quiet
        self.costs: dict[str, Any] = {}
        self.description: dict[str, Any] = {}
        self.upstream: dict[str, Any] | None = None

    def build(self) -> StateTable:
        """Start the framework and make the model; the state table."""
        self._timed("start", "starting", self.worker.ready)
        self.description = self._timed(
            "build",
            f"building {self.case.variant}",
            lambda: self.worker.call(
                "build", pair=self.case.pair, variant=self.case.variant, upstream=self.upstream
            ),
        )
        return read_table(self.description["state"])

    def record(
        self,
        inputs: Path,
        state: Path,
        place: Callable[[int], Path],
        header: dict[str, Any],
        metrics: bool = False,
    ) -> Recorded:
        """Load, warm up, run once bare and once recorded; only those last two count.

        `place` says where a trace of so many bytes goes.
        """
        self.worker.call("load", state=str(state))
        before = self.worker.description.get("compiled", 0)
        trace = place(self._timed("warm_up", "warming up", lambda: self._warm_up(inputs)))
        with self.quiet:
            self._say("running bare")
            bare = self.run_once(inputs, observe=False)
            self._say("recording")
            recorded = self.run_once(inputs, trace=str(trace), header=header, metrics=metrics)
        if self.case.device == "cuda":
            self.costs["gpu_peak_bytes"] = self.worker.gpu_peak_bytes
        self.costs.update(bare=bare["cost"], room=recorded["room"], recorded=recorded["cost"])
        self.costs["compiled"] = recorded["compiled"] - before
        self.progress.event(self.worker.side, "done")
        return Recorded(trace, self.description, self.costs, recorded.get("observer", {}))

    def _warm_up(self, inputs: Path) -> int:
        """Compile what both kinds of run need, and learn where the model breaks; the bytes to be recorded."""
        rehearsed = self.run_once(inputs)
        compiled = rehearsed["compiled"]
        for _ in range(_MOST_WARM_UPS):
            now = self.run_once(inputs, observe=False)["compiled"]
            if now == compiled:
                break
            compiled = now
        return int(rehearsed["bytes"])

    def run_once(self, inputs: Path, observe: bool = True, **more: Any) -> dict[str, Any]:
        """One pass, forward and in a training mode backward too; what it cost."""
        answer: dict[str, Any] = self.worker.call(
            "run",
            inputs=str(inputs),
            mode=self.case.mode,
            layers=self.layers,
            observe=observe,
            dtype=self.case.dtype,
            **more,
        )
        if self.case.trains:
            back = self.worker.call("backward")
            answer["compiled"] = back["compiled"]
            answer["bytes"] = back.get("bytes", 0)
            for name in ("wall", "cpu"):
                answer["cost"][name] += back["cost"][name]
            answer["cost"]["peak_bytes"] = max(answer["cost"]["peak_bytes"], back["cost"]["peak_bytes"])
        return answer

    def _say(self, text: str) -> None:
        self.progress.event(self.worker.side, "state", text=text)

    def _timed(self, name: str, text: str, work: Callable[[], Any]) -> Any:
        self._say(text)
        started = time.perf_counter()
        with watched(self.worker, self.progress):
            result = work()
        self.costs[name] = time.perf_counter() - started
        return result
