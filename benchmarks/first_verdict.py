"""How long a first comparison takes, and how long it is silent, in a pipe: one environment after another.

    python -m benchmarks.first_verdict --out FILE [--model PAIR] PYTHON ...

Each PYTHON is an interpreter that has everything. They share a cache that is empty at first, so the first one
compiles, and another one with the same Jittor and the same build of Python should not.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import time
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
    parser.add_argument("python", nargs="+", type=Path)
    asked = parser.parse_args()
    rows = []
    with scratch_folder() as folder:
        for number, python in enumerate(asked.python):
            rows.append(_row(python.absolute(), asked.model, Path(folder), number))
            print(json.dumps(rows[-1]), flush=True)
    document = {
        "command": f"python -m benchmarks.first_verdict --model {asked.model}",
        "date": datetime.now(UTC).date().isoformat(),
        "processors": os.cpu_count(),
        "rows": rows,
    }
    write_file(asked.out, json.dumps(document, indent=1) + "\n", replace=True)


def _row(python: Path, model: str, folder: Path, number: int) -> Row:
    facts = facts_of(python)
    run = folder / f"run-{number}"
    command = [str(python), "-m", "harness.cli", "compare", "--model", model, "--layers", "all"]
    found = _timed([*command, "--output", str(run)], {"ALIGN_CACHE": str(folder / "cache")})
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
