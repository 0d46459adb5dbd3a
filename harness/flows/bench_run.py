"""A measurement in a folder of its own: bench.json, its tables and picture, and pytest-benchmark's form."""

from __future__ import annotations

import json
from pathlib import Path

import reports
from harness import files, pairs
from harness.bench.pytest_form import pytest_form
from harness.bench.result import Bench
from harness.case import Case
from harness.flows import run_folder
from harness.flows.bench import bench
from harness.flows.bench_request import BenchRequest
from harness.progress import Progress
from reports.bench import markdown, title
from reports.bench_chart import svg


def measure(
    request: BenchRequest, output: Path | None, progress: Progress, baseline: Bench | None = None
) -> tuple[Bench, Path]:
    """Measure; the result and the folder that was chosen for it."""
    pair = pairs.find(request.model)
    case = Case(pair=request.model, variant=pair.variant(request.variant).name)
    folder = run_folder.choose(output, case)
    with run_folder.kept_if_done(folder):
        progress.event("run", "folder", path=str(folder))
        return bench(request, progress, baseline=baseline), folder


def keep(found: Bench, folder: Path) -> Path:
    """Write what a measurement leaves behind; the folder."""
    found.save(folder / "bench.json")
    reports.write_bench(found, folder / "bench.html")
    files.write_file(folder / "bench.md", markdown(found))
    files.write_file(folder / "bench.svg", svg(found, title(found)))
    files.write_file(folder / "pytest-benchmark.json", json.dumps(pytest_form(found)))
    return folder
