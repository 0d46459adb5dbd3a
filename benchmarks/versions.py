"""Whether a side runs, and what it ends with, in environments of other versions: one table.

    python -m benchmarks.versions --out FILE --side jittor [--model PAIR ...] [--mode eval]
        [--input-size HxW] PYTHON ...

`--mode training` trains both sides in lockstep for three steps. Each PYTHON is an interpreter that has the
side's framework; the other side runs as it always does. FILE is written anew after each comparison; those
that it already holds are not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.alignment import Alignment
from harness.choices import SIDES
from harness.cli.parse import size
from harness.environment.interpreter_info import facts_of
from harness.environment.interpreters import variable
from harness.errors import HarnessError
from harness.files import write_file
from harness.flows.compare import compare
from harness.flows.request import CompareRequest
from harness.flows.train import train
from harness.flows.train_request import TrainRequest
from harness.progress import Silent
from harness.scratch import scratch_folder
from harness.training.log import Training

TINY = str(Path(__file__).parents[1] / "examples" / "tiny" / "tiny_pair.py")
TRAINING, STEPS = "training", 3
_SECONDS = 3000.0  # a core is compiled, also where other programs use the processor
Row = dict[str, Any]


def main() -> None:
    """Compare what is asked for and not known yet."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.versions")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--side", choices=SIDES, required=True)
    parser.add_argument("--model", nargs="+", default=["l2sknet", TINY])
    parser.add_argument("--mode", choices=["eval", "train", TRAINING], default="eval")
    parser.add_argument("--input-size", type=size)
    parser.add_argument("python", nargs="+", type=Path)
    asked = parser.parse_args()
    rows: list[Row] = json.loads(asked.out.read_text("utf-8"))["rows"] if asked.out.exists() else []
    for python in asked.python:
        os.environ[variable(asked.side)] = str(python)
        for model in asked.model:
            case = {**_versions(asked.side, python), "pair": Path(model).stem, "mode": asked.mode}
            case["input_size"] = list(asked.input_size or ()) or None
            if not any(case.items() <= row.items() for row in rows):
                rows.append({**case, **_end(model, asked.mode, asked.input_size)})
                print(json.dumps(rows[-1]), flush=True)
                _write(asked.out, rows)


def _versions(side: str, python: Path) -> Row:
    facts = facts_of(python)
    version = facts.packages.get(side, "not installed")
    return {"side": side, "python": facts.version_text, "version": version}


def _end(model: str, mode: Any, size: tuple[int, int] | None) -> Row:
    started = time.monotonic()
    with scratch_folder() as folder:
        how: Any = {"device": "cpu", "input_size": size, "output": folder / "run", "timeout": _SECONDS}
        try:
            if mode == TRAINING:
                found = _trained(train(TrainRequest(model, steps=STEPS, loaders=0, **how), Silent()))
            else:
                found = _figures(compare(CompareRequest(model, mode=mode, keep="none", **how), Silent()))
        except HarnessError as error:
            found = {"verdict": "failed", "sentence": str(error)}
    return {**found, "seconds": round(time.monotonic() - started, 1)}


def _figures(alignment: Alignment) -> Row:
    return {
        "verdict": alignment.verdict,
        "sentence": alignment.sentence,
        "rows": len(alignment.rows),
        "versions": {name: side.versions for name, side in alignment.sides.items()},
    }


def _trained(training: Training) -> Row:
    assert training.end is not None
    return {
        "verdict": training.end.verdict,
        "sentence": training.end.sentence,
        "steps": len(training.steps),
        "forced": [one.verdict for one in training.forced],
    }


def _write(out: Path, rows: list[Row]) -> None:
    document = {
        "command": "python -m benchmarks.versions",
        "date": datetime.now(UTC).date().isoformat(),
        "rows": rows,
    }
    write_file(out, json.dumps(document, indent=1) + "\n", replace=True)


if __name__ == "__main__":
    main()
