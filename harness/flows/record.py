"""Recording one side alone: into a trace of one's own, or into a golden."""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import golden
from harness import address as addresses
from harness import comparing, files, pairs
from harness.alignment import Alignment
from harness.case import Case
from harness.errors import BadInput
from harness.flows import inputs_and_weights
from harness.flows.request import CompareRequest
from harness.flows.side_run import SideRun
from harness.flows.stored_reference import case_again
from harness.pairs.base import Mode, Pair
from harness.progress import Progress
from harness.requests import MeasureTruth
from harness.scratch import scratch, scratch_folder
from harness.session import Worker
from harness.trace import Trace
from harness.trace_header import TraceHeader

GOLDEN_SAMPLES = 64
GOLDEN_TRUTH_SAMPLES = 24  # the noise beside them carries the verdict; these keep the file small


@dataclass(frozen=True)
class RecordedFiles:
    """The files and fingerprints of one recording."""

    trace: Path
    truth: Path | None
    inputs: str
    state: str


def record(
    request: CompareRequest, side: str, path: Path, progress: Progress, *, replace: bool = False
) -> Path:
    """Record one side of a case into a trace file; `keep` says whole or compact."""
    with files.new_file(path, replace=replace) as draft:
        pair = pairs.find(request.model)
        compact = request.keep != "whole"
        _record_case(pair, request, request.case(pair), side, draft, None, compact, progress)
    return path


def _record_case(
    pair: Pair,
    request: CompareRequest,
    case: Case,
    side: str,
    path: Path,
    truth: Path | None,
    compact: bool,
    progress: Progress,
) -> RecordedFiles:
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
            if truth is not None:
                worker.call(
                    MeasureTruth(
                        inputs=str(given),
                        mode=case.mode,
                        reference=str(whole),
                        path=str(truth),
                        scratch=str(room.folder),
                        samples=GOLDEN_TRUTH_SAMPLES,
                        layers=request.layers,
                        header=header,
                        slim=True,
                    )
                )
            with Trace.open(whole) as recorded:
                if not compact:
                    recorded.copy(path)
                elif truth is None:
                    recorded.compacted(path, GOLDEN_SAMPLES)
                else:  # a golden: gradients of layers would double it, those of parameters tell as much
                    recorded.compacted(path, GOLDEN_SAMPLES, addresses.is_layer_gradient)
    return RecordedFiles(path, truth, header.inputs, header.state)


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
            recorded = _record_case(pair, request, case, "torch", draft, truth, True, progress)
            pinned.setdefault(pair.name, {})[path.stem] = _pin(pair, name, recorded)
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


def _pin(pair: Pair, variant: str, files: RecordedFiles) -> dict[str, object]:
    upstream = pair.variant(variant).upstream
    assert files.truth is not None
    return {
        "upstream": upstream.repo if upstream else "none",
        "commit": upstream.commit if upstream else "none",
        "inputs": files.inputs,
        "state": files.state,
        "trace": golden.file_digest(files.trace),
        "truth": golden.file_digest(files.truth),
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
        with (
            Trace.open(path) as trace,
            Trace.open(golden.truth_path(path)) as truth,
            scratch_folder() as folder,
        ):
            case = case_again(request, trace, path)
            fresh = folder / "fresh.h5"
            _record_case(pair, request, case, "torch", fresh, None, True, progress)
            with Trace.open(fresh) as again:
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
