"""How long a first comparison takes, and how long it is silent, in a pipe: one environment after another.

    python -m benchmarks.first_verdict --out FILE [--model PAIR] [--doctor] [--at-once] PYTHON ...

Each PYTHON is an interpreter that has everything. They share a cache that is empty at first, so the first one
compiles, and another one with the same Jittor and the same build of Python should not. With `--doctor` each
runs `align doctor` in place of a comparison; with `--at-once` all begin at the same time.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.environment.interpreter_info import facts_of
from harness.files import write_file
from harness.scratch import scratch_folder

_CHUNK = 1 << 16
Row = dict[str, Any]


def main() -> None:
    """Compare with each interpreter in turn."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.first_verdict")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", default="l2sknet")
    parser.add_argument("--doctor", action="store_true")
    parser.add_argument("--at-once", action="store_true")
    parser.add_argument("python", nargs="+", type=Path)
    asked = parser.parse_args()
    with scratch_folder() as folder, ThreadPoolExecutor(len(asked.python) if asked.at_once else 1) as pool:
        jobs = [
            pool.submit(_row, python.absolute(), "" if asked.doctor else asked.model, Path(folder), number)
            for number, python in enumerate(asked.python)
        ]
        rows = [job.result() for job in jobs]
    document = {
        "command": "python -m benchmarks.first_verdict",
        "runs": "align doctor" if asked.doctor else f"align compare --model {asked.model} --layers all",
        "at_once": asked.at_once,
        "date": datetime.now(UTC).date().isoformat(),
        "processors": os.cpu_count(),
        "rows": rows,
    }
    write_file(asked.out, json.dumps(document, indent=1) + "\n", replace=True)


def _row(python: Path, model: str, folder: Path, number: int) -> Row:
    """What became of one environment; without a model the doctor looks at it."""
    facts = facts_of(python)
    compare = ["compare", "--model", model, "--layers", "all", "--output", str(folder / f"run-{number}")]
    command = [str(python), "-m", "harness.cli", *(compare if model else ["doctor"])]
    found = _timed(command, {"ALIGN_CACHE": str(folder / "cache")})
    print(json.dumps(found), flush=True)
    return {
        "environment": number,
        "python": facts.version_text,
        "jittor": facts.packages.get("jittor", ""),
        **found,
    }


def _timed(command: list[str], variables: dict[str, str]) -> Row:
    """Run a command; how long until its first words, its longest silence, and its end took."""
    times = [time.monotonic()]
    environment = {**os.environ, **variables}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        while os.read(process.stdout.fileno(), _CHUNK):
            times.append(time.monotonic())
    times.append(time.monotonic())
    silences = [after - before for before, after in itertools.pairwise(times)]
    return {
        "exit_code": process.returncode,
        "seconds": round(times[-1] - times[0], 1),
        "longest_silence_seconds": round(max(silences), 1),
    }


if __name__ == "__main__":
    main()
