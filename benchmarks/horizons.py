"""How fast twins of the reference part from it, and where nothing can be said any more: one row a training.

    python -m harness.cli train --model l2sknet --twins 8 --no-forced-steps --no-metrics --output runs/l2sknet
    python -m benchmarks.horizons runs/l2sknet runs/led --out FILE

Prints a table in Markdown. The growth is the factor by which the twins' band grows in a step, as a mean up to
the horizon.
"""

from __future__ import annotations

import argparse
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from harness.training.free_run import free_run
from harness.training.log import Training
from harness.training.twins import JudgedGap, growth

HEAD = "| pair | steps | twins | what | first band | last band | growth a step | horizon | port |"


def row(training: Training, judged: JudgedGap) -> dict[str, Any]:
    """What one figure of a training says."""
    known = np.isfinite(judged.band) & (judged.band > 0)
    rate = growth(judged)
    strays = float(np.max(judged.gap[known] / judged.band[known])) if known.any() else math.nan
    return {
        "pair": training.start.case["pair"],
        "variant": training.start.case["variant"],
        "steps": len(training.steps),
        "twins": len({twin.twin for twin in training.twins if twin.side == "torch"}),
        "what": judged.what,
        "first band": float(judged.band[0]),
        "last band": float(judged.band[-1]),
        "growth": None if math.isnan(rate) else math.exp(rate),
        "horizon": judged.horizon,
        "port's gap in bands, at most": strays,
        "status": judged.status,
    }


def line(found: dict[str, Any]) -> str:
    """The row in Markdown."""
    horizon = "none" if found["horizon"] is None else f"step {found['horizon']}"
    grown = "" if found["growth"] is None else f"{found['growth']:.3f}"
    return (
        f"| {found['pair']} | {found['steps']} | {found['twins']} | {found['what']} | "
        f"{found['first band']:.1e} | {found['last band']:.1e} | {grown} | {horizon} | {found['status']} |"
    )


def main() -> None:
    """Read the logs, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.horizons")
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=None)
    asked = parser.parse_args()
    trainings = [Training.load(run) for run in asked.runs]
    rows = [row(training, judged) for training in trainings for judged in free_run(training)]
    print(HEAD, "|" + " --- |" * HEAD.count(" | ") + " --- |", *map(line, rows), sep="\n")
    if asked.out:
        requests = [training.start.case["request"] for training in trainings]
        versions = {side: told["versions"] for side, told in trainings[0].start.sides.items()}
        found = {
            "rows": rows,
            "asked": requests,
            "versions": versions,
            "date": datetime.now(UTC).date().isoformat(),
        }
        asked.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
