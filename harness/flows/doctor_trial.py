"""The doctor's last trial: each side's real worker builds one layer, runs it and records it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.choices import SIDES
from harness.environment.findings import DoctorFinding, Report
from harness.environment.interpreters import interpreter
from harness.errors import HarnessError
from harness.flows.record import record
from harness.flows.request import CompareRequest
from harness.pairs.undeclared import Undeclared
from harness.progress import Silent
from harness.scratch import scratch_folder

PART = "recorded layer"
_SIZES = ("in_channels=2", "out_channels=3", "kernel_size=3")
LAYER = Undeclared("torch.nn:Conv2d", "jittor.nn:Conv2d", ("x=1x2x4x4",), _SIZES)
_SECONDS = 300.0


def with_recordings(report: Report, say: Callable[[str], None]) -> Report:
    """The report with what came of recording a layer on each side that computes."""
    return Report([*report.findings, *(_tried(side, say) for side in SIDES if _computes(report, side))])


def _computes(report: Report, side: str) -> bool:
    """Whether nothing is wrong with a side, and its convolution was computed; else that is mended first."""
    tried = [found for found in report.of(side) if found.part == "convolution"]
    return report.runs(side) and bool(tried) and all(found.state == "ok" for found in tried)


def _tried(side: str, say: Callable[[str], None]) -> DoctorFinding:
    say(f"recording a layer on the {side} side")
    request = CompareRequest(LAYER.name, device="cpu", timeout=_SECONDS)
    try:
        with scratch_folder() as folder:
            record(request, side, Path(folder) / "layer.h5", Silent(), truth=False)
    except HarnessError as error:
        wrong = f"the {side} side computes, but its worker does not record a layer: {error}"
        mend = f"{interpreter(side)} -c 'import numpy, h5py, {side}'  # shows whether a package is broken"
        return DoctorFinding(side, PART, "failed", "wrong", wrong, mend)
    return DoctorFinding(side, PART, "recorded")
