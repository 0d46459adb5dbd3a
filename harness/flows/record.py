"""Recording one side alone: into a trace of one's own, or into a golden."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import golden
from harness import address as addresses
from harness import comparing, files, pairs
from harness.alignment import Alignment
from harness.case import REFERENCE, Case
from harness.errors import BadInput
from harness.flows import float64_cache, inputs_and_weights, refused_early
from harness.flows.kept_trace import RecordedTrace, keep_trace
from harness.flows.reference_noise import kept_or_measured, truth_path
from harness.flows.request import CompareRequest
from harness.flows.side_run import SideRun
from harness.flows.stored_reference import case_again
from harness.pairs.base import Mode, Pair
from harness.progress import Progress
from harness.requests import MeasureTruth
from harness.scratch import Scratch, scratch
from harness.session import Worker
from harness.trace import Trace
from harness.trace_header import TraceHeader

GOLDEN_SAMPLES = 64
GOLDEN_TRUTH_SAMPLES = 24  # the noise beside them carries the verdict; these keep the file small


@dataclass(frozen=True)
class _Recorder:
    """A side that has recorded a case, its worker still alive."""

    pair: Pair
    worker: Worker
    room: Scratch
    inputs: Path
    header: TraceHeader
    trace: Path

    def truth_request(self, path: Path, samples: int, *, slim: bool = False) -> MeasureTruth:
        """What to ask the worker for the float64 truth of the case."""
        assert self.header.case is not None
        return MeasureTruth(
            inputs=str(self.inputs),
            mode=self.header.case.mode,
            reference=str(self.trace),
            path=str(path),
            scratch=str(self.room.folder),
            samples=samples,
            layers=self.header.layers,
            header=self.header,
            slim=slim,
        )


def record(
    request: CompareRequest,
    side: str,
    path: Path,
    progress: Progress,
    *,
    replace: bool = False,
    truth: bool = True,
) -> RecordedTrace:
    """Record one side of a case into a trace file; `keep` says whole or compact.

    The reference's trace carries its float64 truth, unless `truth` is False or the case is in float64.
    """
    with files.new_file(path, replace=replace) as draft:
        pair = pairs.find(request.model)
        case = request.case(pair)
        with _recording(pair, request, case, side, progress) as found:
            without = _why_without(case, side, truth)
            carried = None if without else _measured_truth(found, progress)
            keep_trace(found.trace, draft, carried, compact=request.keep != "whole")
    return RecordedTrace(path, without or "carried by the trace")


def _why_without(case: Case, side: str, wanted: bool) -> str:
    if side != REFERENCE:
        return "none, the reference's trace carries it"
    if case.dtype != "float32":
        return f"none, the case is in {case.dtype} itself"
    return "" if wanted else "left out, as --no-truth asked; without it much is inconclusive"


def _measured_truth(found: _Recorder, progress: Progress) -> Path:
    """The truth of what was recorded; kept from an earlier run, or measured now."""
    path = truth_path(found.pair, found.header, found.worker, float64_cache.METHOD)
    request = found.truth_request(path, float64_cache.SAMPLES)
    kept_or_measured(found.worker, request, progress, "float64 run and noise")
    return path


@contextlib.contextmanager
def _recording(
    pair: Pair, request: CompareRequest, case: Case, side: str, progress: Progress
) -> Iterator[_Recorder]:
    """Run one side of a case and record it whole; leaving the context ends the worker."""
    refused_early.require_modules(pair, (side,))
    inputs_and_weights.require_readable(pair, case.weights)
    inputs = pair.inputs(case.request(pair))
    with scratch() as room:
        given = inputs_and_weights.write(room.folder / "inputs.h5", "input", inputs)
        log = room.folder / f"{side}.log"
        with Worker(side, case.device, room.folder, log, request.timeout) as worker:
            drive = SideRun(worker, case, request.layers, progress, threading.Lock())
            state = inputs_and_weights.state_for(pair, case, drive.build())
            header = TraceHeader(
                case=case,
                inputs=inputs_and_weights.fingerprint(inputs),
                state=inputs_and_weights.fingerprint(state),
                dtype=case.dtype,
                side=side,
                layers=request.layers,
            )
            stored = inputs_and_weights.write(room.folder / "state.h5", "state", state)
            whole = drive.record(given, stored, partial(room.place, "whole.h5"), header).trace
            yield _Recorder(pair, worker, room, given, header, whole)


def _record_golden(
    pair: Pair, request: CompareRequest, case: Case, path: Path, truth: Path, progress: Progress
) -> TraceHeader:
    """Record a golden and its truth beside it. Gradients of layers would double it, and tell no more."""
    with _recording(pair, request, case, REFERENCE, progress) as found:
        found.worker.call(found.truth_request(truth, GOLDEN_TRUTH_SAMPLES, slim=True))
        with Trace.open(found.trace) as recorded:
            recorded.compacted(path, GOLDEN_SAMPLES, addresses.is_layer_gradient)
    return found.header


def golden_record(
    request: CompareRequest,
    modes: tuple[Mode, ...],
    progress: Progress,
    folder: Path = golden.FOLDER,
    *,
    replace: bool = False,
) -> list[Path]:
    """Record goldens of one variant, or of all of a pair's, and pin their digests."""
    pair = pairs.find(request.model)
    names = [pair.variant(request.variant).name] if request.variant else list(pair.variants)
    places = {
        (name, mode): golden.trace_path(pair.name, name, mode, folder) for name in names for mode in modes
    }
    _make_room(list(places.values()), replace)
    pinned = golden.pins(folder / golden.PINS.name)
    for (name, mode), path in places.items():
        case = dataclasses.replace(request, variant=name, mode=mode).case(pair).on(tag="golden")
        with files.new_files(path, golden.truth_path(path), replace=replace) as (draft, truth):
            header = _record_golden(pair, request, case, draft, truth, progress)
            pinned.setdefault(pair.name, {})[path.stem] = _pin(pair, name, header, draft, truth)
        golden.write_pins(pinned, folder / golden.PINS.name)
    return list(places.values())


def _make_room(paths: list[Path], replace: bool) -> None:
    """Make the folders of goldens; refuse, before anything runs, what is there already."""
    for path in paths:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"{path.parent} cannot be made: {error.strerror}; name another folder") from error
        for file in (path, golden.truth_path(path)):
            files.require_free(file, replace=replace)


def _pin(pair: Pair, variant: str, header: TraceHeader, trace: Path, truth: Path) -> dict[str, object]:
    upstream = pair.variant(variant).upstream
    return {
        "upstream": upstream.repo if upstream else "none",
        "commit": upstream.commit if upstream else "none",
        "inputs": header.inputs,
        "state": header.state,
        "trace": golden.file_digest(trace),
        "truth": golden.file_digest(truth),
    }


def golden_verify(
    request: CompareRequest, modes: tuple[Mode, ...], progress: Progress
) -> dict[str, Alignment]:
    """Run the reference anew and hold it against each of its goldens."""
    pair = pairs.find(request.model)
    wanted = pair.variant(request.variant).name if request.variant else None
    found: dict[str, Alignment] = {}
    for name in golden.names(pair.name):
        variant, _, mode = name.rpartition(".")
        if (wanted and variant != wanted) or mode not in modes:
            continue
        path = golden.trace_path(pair.name, variant, mode)
        golden.verify_digest(path)
        with Trace.open(path) as trace, Trace.open(golden.truth_path(path)) as truth:
            trace.truth = truth
            case = case_again(request, trace, path)
            with (
                _recording(pair, request, case, REFERENCE, progress) as recorded,
                Trace.open(recorded.trace) as again,
            ):
                found[name] = comparing.compare(
                    trace,
                    again,
                    truth,
                    policy=request.policy,
                    overrides=pair.overrides(pair.variant(variant), case.mode),
                    case=case.to_dict(),
                    names=("golden", "torch"),
                )
    if not found:
        raise BadInput(f"{pair.name} has no such golden; there are: {golden.listed(pair.name)}")
    return found
