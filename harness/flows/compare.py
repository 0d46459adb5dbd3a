"""`align compare`: both sides recorded and judged, their layers also in isolation, all kept in one folder."""

from __future__ import annotations

from dataclasses import dataclass

import reports
from harness.alignment import Alignment
from harness.case import PORT, REFERENCE
from harness.flows.comparison import Comparison, Workers, comparison
from harness.flows.isolated_layers import judge_isolated_layers
from harness.flows.judge import add_evidence, cost_ratio, judge
from harness.flows.kept_trace import keep_trace
from harness.flows.other_formulas import allow_other_formulas
from harness.flows.record_sides import record_sides
from harness.flows.recordings import Recordings
from harness.flows.request import CompareRequest
from harness.progress import Progress


@dataclass(frozen=True)
class Compared:
    """A comparison that is judged, with its workers still alive."""

    live: Comparison
    recordings: Recordings
    alignment: Alignment


def compare(request: CompareRequest, progress: Progress, workers: Workers | None = None) -> Alignment:
    """Compare a port with its reference and write the run's folder."""
    with comparison(request, progress, workers) as live:
        compared = compare_live(live)
        live.dismiss_workers()
        _keep(compared)
    return compared.alignment


def compare_live(live: Comparison, known: bool = False) -> Compared:
    """Record, judge, and judge every layer in isolation; the workers live on for more questions.

    A case is `known` if it was compared before and was sound: then no run is taken that only tells so.
    """
    recordings = record_sides(live, known)
    alignment = judge(live, recordings)
    if PORT in recordings.sides:
        allow_other_formulas(live, recordings, alignment, recordings.sides[PORT].trace)
    judge_isolated_layers(live, recordings, alignment)
    add_evidence(live, recordings, alignment)
    alignment.costs.ratio = cost_ratio(live, recordings, alignment.costs)
    return Compared(live, recordings, alignment)


def _keep(compared: Compared) -> None:
    """Write what the run leaves behind."""
    keep, folder = compared.live.request.keep, compared.live.folder
    if keep != "none":
        (folder / "traces").mkdir(exist_ok=True)
        for side, done in compared.recordings.sides.items():
            truth = compared.recordings.truth if side == REFERENCE else None
            keep_trace(done.trace, folder / "traces" / f"{side}.h5", truth, compact=keep == "compact")
    compared.alignment.save(folder / "alignment.json")
    reports.write(compared.alignment, folder / "report.html")
