"""What a training in lockstep costs in processor time and memory, against two bare trainings.

    python -m benchmarks.train_cost --model l2sknet --out FILE

Each is run for two numbers of steps; the difference is what the steps in between cost, without starting,
building and compiling. Bare loops are those of benchmarks/bare_training.py, each in a process of its own.
Float64 steps are counted apart. Medians of some repetitions in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from harness.case import SIDES
from harness.flows.together import lend_workers
from harness.flows.train import train
from harness.flows.train_request import TrainRequest
from harness.progress import Silent
from harness.scratch import scratch_folder
from harness.session import SHARING, Worker

TICK = os.sysconf("SC_CLK_TCK")


def processor_time(number: int) -> float:
    """Seconds of the processor that a process has had."""
    words = Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICK


def peak_bytes(number: int) -> int:
    """The most memory that a process has held."""
    status = Path(f"/proc/{number}/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def bare(side: str, asked: argparse.Namespace) -> dict[str, float]:
    """A bare training of one side."""
    command = [sys.executable, "-m", "benchmarks.bare_training", side, asked.model]
    for name in ("steps", "batch", "size", "limit"):
        command += [f"--{name}", str(getattr(asked, name))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **SHARING})
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def lockstep(
    workers: dict[str, Worker], asked: argparse.Namespace, steps: int, forced: bool
) -> dict[str, Any]:
    """Processor time of a training of so many steps, by process."""
    height, width = (int(part) for part in asked.size.split("x"))
    before = {side: processor_time(workers[side].pid) for side in SIDES}
    own = time.process_time()
    with scratch_folder() as place:
        request = TrainRequest(
            asked.model, batch=asked.batch, input_size=(height, width), limit=asked.limit, steps=steps,
            loaders=0, forced=forced, every=1_000_000, output=place / "run", device="cpu",
        )  # fmt: skip
        found = train(request, Silent(), workers)
    assert found.end is not None
    spent = {side: processor_time(workers[side].pid) - before[side] for side in SIDES}
    passes = {side: float(found.end.costs[f"{side} cpu"]) for side in SIDES}
    exact = float(found.end.costs.get("float64 cpu", 0.0))
    return {**spent, "main": time.process_time() - own, "float64": exact, "passes": sum(passes.values())}


def difference(workers: dict[str, Worker], asked: argparse.Namespace, forced: bool) -> dict[str, float]:
    """What the steps between the two counts cost."""
    first, last = (lockstep(workers, asked, int(part), forced) for part in asked.steps.split(","))
    return {name: last[name] - first[name] for name in last}


def _median(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(row[name] for row in rows), 4) for name in rows[0]}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.train_cost")
    parser.add_argument("--model", default="l2sknet")
    parser.add_argument("--steps", default="8,24")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--size", default="64x64")
    parser.add_argument("--limit", type=int, default=16)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--out", type=Path, default=None)
    asked = parser.parse_args()
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in ("torch", "jittor", "lockstep", "forced")}
    with lend_workers("cpu", 1800) as workers:
        lockstep(workers, asked, 2, True)  # what is compiled once is no cost of a step
        for _ in range(asked.repeat):
            for side in SIDES:
                rows[side].append(bare(side, asked))
            rows["lockstep"].append(difference(workers, asked, False))
            rows["forced"].append(difference(workers, asked, True))
        peaks = {side: peak_bytes(workers[side].pid) for side in SIDES}
    found: dict[str, Any] = {name: _median(figures) for name, figures in rows.items()}
    base = sum(found[side]["cpu"] for side in SIDES)
    plain, checked = (sum(found[name][part] for part in (*SIDES, "main")) for name in ("lockstep", "forced"))
    found["ratio"] = round(plain / base, 3)
    found["ratio_with_checks"] = round((checked - found["forced"]["float64"]) / base, 3)
    found["ratio_with_checks_and_float64"] = round(checked / base, 3)
    found["peak_bytes"] = {**peaks, **{f"bare {side}": found[side]["peak_bytes"] for side in SIDES}}
    found["asked"] = {name: str(value) for name, value in vars(asked).items()}
    print(json.dumps(found, indent=1))
    if asked.out:
        asked.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
