"""What `align train` costs beside the two bare trainings that it cannot avoid: processor time, and memory.

    python -m benchmarks.train_cost --model l2sknet --threads 1 --out cost.json

The bare loop of each side is benchmarks/bare_training.py, in a process of its own, on the same batches.
Every command is run short and long, and the processor time of its whole tree of processes is taken; the
difference is what the steps between cost, without the start. Float64 runs are a figure of their own. Jittor
compiles operators when it first needs them, so each command is run once before anything counts.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.process_tree import TreeCost, measured
from harness.case import SIDES
from harness.session import SHARING
from harness.training.log import Training

MIB = 2**20
CHECKED = "forced steps"
CHECKS = {"no checks": ("--no-forced-steps",), CHECKED: ()}


@dataclass(frozen=True)
class Asked:
    """What is trained."""

    model: str
    batch: int
    size: int
    limit: int
    threads: int
    short: int
    long: int

    def environment(self) -> dict[str, str]:
        """The variables of a process, the same number of threads for all."""
        threads = {} if self.threads == 0 else {"OMP_NUM_THREADS": str(self.threads)}
        root = str(Path(__file__).resolve().parents[1])
        return {**SHARING, **os.environ, **threads, "PYTHONPATH": root}

    def bare(self, side: str, steps: int) -> TreeCost:
        """A side's own loop."""
        given = {"steps": steps, "batch": self.batch, "size": self.size, "limit": self.limit}
        words = [f"--{name}={value}" for name, value in given.items()]
        program = [sys.executable, "-m", "benchmarks.bare_training", side, self.model]
        return measured([*program, *words], self.environment())

    def lockstep(self, steps: int, checks: tuple[str, ...], folder: Path) -> tuple[TreeCost, Training]:
        """Both sides in lockstep, and the log of it."""
        size = f"{self.size}x{self.size}"
        given = {"model": self.model, "steps": steps, "batch": self.batch, "limit": self.limit}
        words = [f"--{name}={value}" for name, value in given.items()]
        fixed = ["--input-size", size, "--twins", "0", "--no-metrics", "--every", "1000000"]
        program = [sys.executable, "-m", "harness.cli", "train", *words, *fixed, *checks]
        cost = measured([*program, "--output", str(folder)], self.environment())
        return cost, Training.load(folder)


def measure_once(asked: Asked, checks: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """Everything once, the bare loops and the trainings in turn."""
    found: dict[str, Any] = {}
    for side in SIDES:
        few, many = asked.bare(side, asked.short), asked.bare(side, asked.long)
        found[f"bare {side}"] = {"short": few.cpu, "long": many.cpu, "peak": many.peak}
    with tempfile.TemporaryDirectory() as folder:
        for place, (name, flags) in enumerate(checks.items()):
            few, before = asked.lockstep(asked.short, flags, Path(folder) / f"{place}-short")
            many, after = asked.lockstep(asked.long, flags, Path(folder) / f"{place}-long")
            found[name] = {
                "short": few.cpu,
                "long": many.cpu,
                "peak": many.peak,
                "float64": _float64(after) - _float64(before),
                "forced": len(after.forced) - len(before.forced),
            }
    return found


def _float64(training: Training) -> float:
    return training.end.costs.get("float64 cpu", 0.0) if training.end else 0.0


def summed_up(asked: Asked, rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The medians of all rounds, and the ratios."""
    steps = asked.long - asked.short

    def median(name: str, figure: str) -> float:
        return statistics.median(one[name][figure] for one in rounds)

    def a_step(name: str) -> float:
        spent = [one[name]["long"] - one[name]["short"] for one in rounds]
        return statistics.median(spent) / steps

    bare = sum(a_step(f"bare {side}") for side in SIDES)
    memory = sum(median(f"bare {side}", "peak") for side in SIDES)
    found: dict[str, Any] = {
        "cpu a step": {name: a_step(name) for name in rounds[0]},
        "no checks, ratio": a_step("no checks") / bare,
        "no checks, ratio of whole commands": median("no checks", "long")
        / sum(median(f"bare {side}", "long") for side in SIDES),
        "start cpu": {name: median(name, "short") - asked.short * a_step(name) for name in rounds[0]},
        "peak MiB": {name: median(name, "peak") / MIB for name in rounds[0]},
        "MiB beyond the bare trainings": (median("no checks", "peak") - memory) / MIB,
    }
    if CHECKED in rounds[0]:
        forced, float64 = median(CHECKED, "forced"), median(CHECKED, "float64")
        checks = (a_step(CHECKED) - a_step("no checks")) * steps - float64
        found |= {
            "forced steps": forced,
            "cpu of a forced step, without float64": checks / forced,
            "float64 cpu of a forced step": float64 / forced,
            "forced steps, ratio without float64": (a_step(CHECKED) - float64 / steps) / bare,
            "MiB beyond the bare trainings with forced steps": (median(CHECKED, "peak") - memory) / MIB,
        }
    return found


def main() -> None:
    """Measure, print and write after every round."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.train_cost")
    parser.add_argument("--model", default="l2sknet")
    for name, usual in (
        ("batch", 4), ("size", 64), ("limit", 64), ("threads", 1), ("short", 4), ("long", 36), ("rounds", 3),
    ):  # fmt: skip
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument(
        "--no-forced-steps", action="store_true", help="measure a training without checks alone"
    )
    parser.add_argument("--out", type=Path, required=True)
    given = vars(parser.parse_args())
    left_out = {CHECKED} if given.pop("no_forced_steps") else set()
    checks = {name: flags for name, flags in CHECKS.items() if name not in left_out}
    rounds, out = given.pop("rounds"), given.pop("out")
    asked = Asked(**given)
    taken: list[dict[str, Any]] = []
    measure_once(replace(asked, long=asked.short), checks)
    for _ in range(rounds):
        taken.append(measure_once(asked, checks))
        told = {
            "date": datetime.now(UTC).date().isoformat(),
            "asked": given,
            "found": summed_up(asked, taken),
            "rounds": taken,
        }
        out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(told["found"], indent=1))


if __name__ == "__main__":
    main()
