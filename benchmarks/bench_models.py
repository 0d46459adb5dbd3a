"""How long a port takes beside its reference, on the CPU: a forward pass, or a whole training step.

    python -m benchmarks.bench_models led/unet@512x512 led/nafnet@128x128 [--modes eval,train] [--out FILE]

Both sides stand in a process each, warm, and run in turns from the same weights and inputs, so that a busy
moment hits both. The ratio is that of the medians of wall-clock time. A training step is forward, backward
and the optimiser's step. A case is MODEL/VARIANT@HxW; without a size the pair's own counts.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import pairs
from harness.case import Case
from harness.flows import inputs_and_weights
from harness.pairs.base import Mode, Pair
from harness.requests import Build, Load, Measure
from harness.scratch import scratch_folder
from harness.session import Worker

SIDES = ("torch", "jittor")
Costs = dict[str, dict[str, float]]
MOST_WARM_UPS = 6
# Idle threads spin as long as they do where nobody sets anything; workers of a comparison let them sleep.
USUAL_WAITING = {"GOMP_SPINCOUNT": "300000"}


@dataclass(frozen=True)
class Job:
    """One thing to measure."""

    pair: Pair
    variant: str
    size: tuple[int, int] | None
    mode: Mode


def parse_case(text: str, mode: Mode) -> Job:
    """A case as written on the command line."""
    model, _, rest = text.partition("/")
    variant, _, size = rest.partition("@")
    height, _, width = size.partition("x")
    if size and not (height.isdigit() and width.isdigit()):
        raise ValueError(f"case {text!r}: write MODEL/VARIANT@HxW, as in led/unet@512x512")
    pair = pairs.find(model)
    return Job(pair, pair.variant(variant or None).name, (int(height), int(width)) if size else None, mode)


def prepare(worker: Worker, job: Job, case: Case, scratch: Path) -> None:
    """Build, load, and run until nothing new is compiled."""
    worker.ready()
    table = worker.call(Build(job.pair.name, job.variant)).state
    state = scratch / "state.h5"
    if not state.exists():
        inputs_and_weights.write(state, "state", inputs_and_weights.state_for(job.pair, case, table))
    worker.call(Load(str(state)))
    compiled = -1
    for _ in range(MOST_WARM_UPS):
        _, now = run(worker, job, scratch)
        if now == compiled:
            return
        compiled = now


def run(worker: Worker, job: Job, scratch: Path) -> tuple[Costs, int]:
    """One run and its costs by part, and how many operators lie compiled."""
    inputs = str(scratch / "inputs.h5")
    done = worker.call(Measure(inputs, job.mode, repeat=1, warm_up=0))
    return done.runs[0].parts(), done.compiled


def measure(job: Job, repeat: int) -> dict[str, Any]:
    """Both sides in turn; seconds of each run by part, their medians, and port over reference."""
    case = Case(job.pair.name, job.variant, mode=job.mode, size=job.size)
    runs: dict[str, list[Costs]] = {side: [] for side in SIDES}
    with scratch_folder() as scratch, contextlib.ExitStack() as stack:
        inputs = job.pair.draw_inputs(case.request(job.pair))
        inputs_and_weights.write(scratch / "inputs.h5", "input", inputs)
        workers = {
            side: stack.enter_context(Worker(side, "cpu", scratch, scratch / f"{side}.log")) for side in SIDES
        }
        for worker in workers.values():
            prepare(worker, job, case, scratch)
        for _ in range(repeat):
            for side, worker in workers.items():
                runs[side].append(run(worker, job, scratch)[0])
        shapes = {name: list(array.shape) for name, array in inputs.items()}
        threads = workers["torch"].ready().threads
        versions = {side: worker.ready().versions for side, worker in workers.items()}
    told = {"model": job.pair.name, "variant": job.variant, "mode": job.mode, "inputs": shapes}
    return {**told, "threads": threads, "versions": versions, **summary(runs)}


def summary(runs: dict[str, list[Costs]]) -> dict[str, Any]:
    """Medians of the whole and of each part, and port over reference."""
    seconds: dict[str, dict[str, list[float]]] = {}
    for side, rows in runs.items():
        parts = {part: [row[part]["wall"] for row in rows] for part in rows[0]}
        whole = [sum(times) for times in zip(*parts.values(), strict=True)]
        processor = [sum(part["cpu"] for part in row.values()) for row in rows]
        seconds[side] = {**parts, "whole": whole, "processor": processor}
    medians = {
        side: {part: statistics.median(times) for part, times in found.items()}
        for side, found in seconds.items()
    }
    ratios = {part: medians["jittor"][part] / medians["torch"][part] for part in medians["torch"]}
    return {"seconds": seconds, "medians": medians, "ratios": ratios}


def line(found: dict[str, Any]) -> str:
    """One row of the table on the screen."""
    sizes = "x".join(map(str, next(iter(found["inputs"].values()))))
    torch, jittor = (found["medians"][side] for side in SIDES)
    parts = "  ".join(
        f"{part} {1e3 * jittor[part]:.1f} / {1e3 * torch[part]:.1f} ms = {ratio:.2f}"
        for part, ratio in found["ratios"].items()
    )
    return f"{found['model']}/{found['variant']} {sizes} {found['mode']}: {parts}"


def main() -> None:
    """Measure each case in each mode; print port / reference = ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_models")
    parser.add_argument("cases", nargs="+", metavar="MODEL/VARIANT@HxW")
    parser.add_argument("--modes", default="eval,train")
    parser.add_argument("--repeat", type=int, default=9)
    parser.add_argument("--out", type=Path, default=None, help="write every run here, as JSON")
    options = parser.parse_args()
    for name, value in USUAL_WAITING.items():
        os.environ.setdefault(name, value)
    jobs = [parse_case(text, mode) for text in options.cases for mode in options.modes.split(",")]
    results = []
    for job in jobs:
        results.append(measure(job, options.repeat))
        print(line(results[-1]), flush=True)
        if options.out:
            options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
