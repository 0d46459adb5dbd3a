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
from harness.requests import MeasureIsolated, MeasureTruth


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


def kept_or_measured(live: Comparison, request: MeasureTruth | MeasureIsolated, doing: str) -> Spent:
    """Have the reference measure its noise, unless an earlier run did so; the cost of that."""
    path = Path(request.path)
    if float64_cache.usable(path):
        return Spent(cached=True)
    live.progress.event(REFERENCE, "state", text=doing)
    with files.first_file(path) as draft:
        times = live.workers[REFERENCE].call(replace(request, path=str(draft)))
    float64_cache.tidy()
    live.progress.event(REFERENCE, "done")
    return Spent(cached=False, wall=times.wall, cpu=times.cpu)


def truth_path(live: Comparison, recordings: Recordings, method: str) -> Path:
    """Where the truth of this case, measured by that method, is kept."""
    digest = live.case.digest(
        live.inputs_digest,
        recordings.weights.digest,
        live.request.layers,
        float64_cache.source_digest(live.pair),
        str(live.workers[REFERENCE].ready().versions),
        method,
    )
    return float64_cache.folder() / f"{digest}.h5"
