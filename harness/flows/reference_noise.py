"""The noise of the reference, of whole runs and isolated layers: kept from an earlier run, or measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness import files
from harness.case import REFERENCE
from harness.costs import Spent
from harness.flows import float64_cache
from harness.flows.comparison import Comparison
from harness.flows.recordings import Recordings
from harness.pairs.base import Pair
from harness.progress import Progress
from harness.requests import MeasureIsolated, MeasureTruth
from harness.session import Worker
from harness.trace_header import TraceHeader


def isolated_noise(live: Comparison, recordings: Recordings, path: Path) -> MeasureIsolated:
    """The request that measures into `path` how much noise each layer of the reference makes alone."""
    return MeasureIsolated(
        inputs=str(live.inputs),
        mode=live.case.mode,
        reference=str(recordings.sides[REFERENCE].trace),
        path=str(path),
        scratch=str(live.scratch.folder),
        samples=float64_cache.SAMPLES,
    )


def trace_header(live: Comparison, recordings: Recordings, side: str) -> TraceHeader:
    """The header of the trace of one side."""
    return replace(live.header, state=recordings.weights.digest, side=side)


def truth_path(pair: Pair, header: TraceHeader, worker: Worker, method: str) -> Path:
    """Where the truth of the case in a header, measured by that method, is kept."""
    assert header.case is not None
    digest = header.case.digest(
        header.inputs,
        header.state,
        header.layers,
        float64_cache.source_digest(pair),
        str(worker.ready().versions),
        method,
    )
    return float64_cache.folder() / f"{digest}.h5"


def kept_or_measured(
    worker: Worker, request: MeasureTruth | MeasureIsolated, progress: Progress, doing: str
) -> Spent:
    """Have the reference measure its noise, unless an earlier run did so; the cost of that."""
    path = Path(request.path)
    if float64_cache.usable(path):
        return Spent(cached=True)
    progress.event(worker.side, "state", text=doing)
    with files.first_file(path) as draft:
        times = worker.call(replace(request, path=str(draft)))
    float64_cache.tidy(path.parent)
    progress.event(worker.side, "done")
    return Spent(cached=False, wall=times.wall, cpu=times.cpu)
