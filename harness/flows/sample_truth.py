"""One sample judged as `align compare` judges a case: both sides' outputs against its own float64 run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.alignment_rows import Row
from harness.case import PORT, REFERENCE, SIDES
from harness.comparing import compare
from harness.flows.float64_cache import SAMPLES
from harness.flows.together import together
from harness.pairs.base import Override
from harness.requests import MeasureTruth, Run
from harness.session import Worker
from harness.trace import Trace
from harness.verdict import NoisePolicy

_NO_LAYER = "-"


def judge_sample(
    workers: Mapping[str, Worker],
    batch: Path,
    folder: Path,
    policy: NoisePolicy,
    overrides: Sequence[Override],
) -> list[Row]:
    """A row for each output of both sides, measured against the float64 truth of this batch, and judged."""
    traces = {side: folder / f"sample-{side}.h5" for side in SIDES}
    truth = folder / "sample-truth.h5"
    for path in (*traces.values(), truth):
        path.unlink(missing_ok=True)

    def run(side: str) -> None:
        workers[side].call(Run(str(batch), "eval", str(traces[side]), layers=_NO_LAYER))

    together(workers, SIDES, run)
    request = MeasureTruth(
        inputs=str(batch),
        mode="eval",
        reference=str(traces[REFERENCE]),
        path=str(truth),
        scratch=str(folder),
        samples=SAMPLES,
        layers=_NO_LAYER,
    )
    workers[REFERENCE].call(request)
    with (
        Trace.open(traces[REFERENCE]) as reference,
        Trace.open(traces[PORT]) as port,
        Trace.open(truth) as exact,
    ):
        rows = compare(reference, port, exact, policy, overrides).rows
    return [row for row in rows if row.address.startswith("output:")]
