"""A comparison while it runs: what was asked, the files both sides share, and their two workers."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness import pairs
from harness.case import PORT, SIDES, Case
from harness.flows import inputs_and_weights, refused_early, run_folder
from harness.flows.asked_layers import AskedLayers
from harness.flows.request import CompareRequest
from harness.flows.stored_reference import StoredReference, stored_reference
from harness.pairs.base import Arrays, Override, Pair
from harness.progress import Progress
from harness.scratch import Scratch, scratch
from harness.session import Worker
from harness.trace_header import TraceHeader

Workers = Mapping[str, Worker]


@dataclass(frozen=True)
class Comparison:
    """A comparison whose workers are alive."""

    request: CompareRequest
    pair: Pair
    case: Case
    stored: StoredReference | None
    folder: Path
    scratch: Scratch
    inputs: Path
    inputs_digest: str
    workers: Workers
    lent: frozenset[str]  # the sides whose workers belong to the caller and live on
    progress: Progress
    asked: AskedLayers
    quiet: threading.Lock = field(default_factory=threading.Lock)

    @property
    def sides(self) -> tuple[str, ...]:
        """The sides that run; a stored trace in the reference's place leaves one."""
        return _sides(self.stored)

    @property
    def overrides(self) -> tuple[Override, ...]:
        """The pair's own tolerances for this case."""
        return tuple(self.pair.overrides(self.pair.variant(self.case.variant), self.case.mode))

    @property
    def header(self) -> TraceHeader:
        """The header of every trace of this comparison."""
        return TraceHeader(
            case=self.case, inputs=self.inputs_digest, dtype=self.case.dtype, layers=self.request.layers
        )

    def dismiss_workers(self) -> None:
        """Tell our own workers to end, which takes them a while; nothing waits for it here."""
        for side in self.sides:
            if side not in self.lent:
                self.workers[side].dismiss()


@contextlib.contextmanager
def comparison(
    request: CompareRequest, progress: Progress, workers: Workers | None = None
) -> Iterator[Comparison]:
    """Prepare a comparison and start its workers; leaving the context ends them.

    `workers` are used instead of new ones, and live on.
    """
    pair = pairs.find(request.model)
    lent = workers or {}
    with contextlib.ExitStack() as stack:
        stored = stack.enter_context(stored_reference(request, pair)) if request.reference else None
        case = stored.case if stored else request.case(pair)
        refused_early.require_modules(pair, [side for side in _sides(stored) if side not in lent])
        inputs_and_weights.require_readable(pair, case.weights)
        folder = run_folder.choose(request.output, case)
        stack.enter_context(run_folder.kept_if_done(folder))
        progress.event("run", "folder", path=str(folder))
        place = stack.enter_context(scratch())
        inputs = _draw_inputs(pair, case, stored)
        yield Comparison(
            request=request,
            pair=pair,
            case=case,
            stored=stored,
            folder=folder,
            scratch=place,
            inputs=inputs_and_weights.write(place.folder / "inputs.h5", "input", inputs),
            inputs_digest=inputs_and_weights.fingerprint(inputs),
            workers={
                side: lent.get(side) or stack.enter_context(_new_worker(side, request, case, folder, place))
                for side in _sides(stored)
            },
            lent=frozenset(lent),
            progress=progress,
            asked=_asked(request, stored),
        )


def _sides(stored: StoredReference | None) -> tuple[str, ...]:
    return SIDES if stored is None or stored.upstream else (PORT,)


def _asked(request: CompareRequest, stored: StoredReference | None) -> AskedLayers:
    asked = AskedLayers(_sides(stored))
    if stored is not None and not stored.upstream:
        asked.take_trace(request.layers, stored.trace)
    return asked


def _new_worker(side: str, request: CompareRequest, case: Case, folder: Path, place: Scratch) -> Worker:
    return Worker(side, case.device, place.folder, folder / "logs" / f"{side}.log", request.timeout)


def _draw_inputs(pair: Pair, case: Case, stored: StoredReference | None) -> Arrays:
    """The inputs of the case: those of the stored reference, or what the pair draws."""
    if stored is not None and stored.inputs:
        return stored.inputs
    return pair.inputs(case.request(pair))
