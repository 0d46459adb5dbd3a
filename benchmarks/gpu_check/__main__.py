"""python -m benchmarks.gpu_check --device cuda --out DIR [--budget 540] [--pairs l2sknet,...]"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.gpu_check.record import Record
from harness import environment, flows, json_codec, pairs
from harness.alignment import Alignment
from harness.environment.interpreters import interpreter
from harness.flows.bench import bench
from harness.flows.bench_request import BenchRequest
from harness.flows.evaluate import evaluate as evaluate_both
from harness.flows.evaluate_request import EvaluateRequest
from harness.flows.train import train as train_both
from harness.flows.train_request import TrainRequest
from harness.pairs.base import Mode, Pair
from harness.progress import Silent
from harness.verdict import NoisePolicy

SIDES = ("torch", "jittor")
MODES: tuple[Mode, ...] = ("eval", "train")
TRAINING_STEPS = 9
"""Enough for the forced steps 0, 1, 2, 4 and 8."""
SAMPLES = 4
"""Of an evaluation: one that is measured in float64, and some that are held against its noise."""


def bring_up(device: str) -> dict[str, Any]:
    """Lay out what Jittor needs, compile its core, and run the smoke test in a process of its own."""
    python = interpreter("jittor")
    variables = {**os.environ, **environment.side_environment("jittor", device, python)}
    environment.warm_up(variables, python)
    done = subprocess.run(
        [python, "-m", "benchmarks.gpu_check.smoke", device],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode != 0:
        return {"failed": f"exit status {done.returncode}", "log": done.stderr[-3000:]}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def figures_of(alignment: Alignment) -> dict[str, Any]:
    """The few figures of an alignment that a reader of the check wants."""
    return {
        "verdict": alignment.verdict,
        "failed": alignment.verdict != "aligned",
        "sentence": alignment.sentence,
        "costs": alignment.to_dict()["costs"],
        "observer": alignment.to_dict()["observer"],
        "coverage": alignment.coverage.compared,
    }


def compare(pair: Pair, variant: str, mode: Mode, device: str, folder: Path) -> dict[str, Any]:
    """Port against reference on the device."""
    request = flows.CompareRequest(
        model=pair.name, variant=variant, mode=mode, device=device, output=folder, keep="whole", timeout=300
    )
    return figures_of(flows.compare(request, Silent()))


def across_devices(pair: Pair, variant: str, mode: Mode, folder: Path) -> dict[str, Any]:
    """The same side on the CPU and on the device."""
    found: dict[str, Any] = {"failed": False}
    for side in SIDES:
        path = folder / f"cpu-{side}.h5"
        request = flows.CompareRequest(model=pair.name, variant=variant, mode=mode, keep="whole", timeout=300)
        flows.record(request, side, path, Silent())
        alignment = flows.diff(path, folder / "traces" / f"{side}.h5", NoisePolicy())
        path.unlink()
        found[side] = {"verdict": alignment.verdict, "sentence": alignment.sentence}
        found["failed"] = found["failed"] or alignment.verdict != "aligned"
    return found


def speed(pair: Pair, variant: str, mode: Mode, device: str) -> dict[str, Any]:
    """Both sides in turns, in fresh processes: the whole measurement, and port over reference."""
    request = BenchRequest(pair.name, variant, modes=(mode,), device=device, seconds=15, timeout=300)
    found = bench(request, Silent())
    ratio = found.rows[0].ratio
    return {"port_over_reference": ratio.value, "verdict": ratio.verdict, "bench": json_codec.to_plain(found)}


def train(pair: Pair, variant: str, device: str, folder: Path) -> dict[str, Any]:
    """A short training of both sides in lockstep on made-up data, with its forced steps."""
    request = TrainRequest(
        pair.name, variant, device=device, steps=TRAINING_STEPS, output=folder / "training", timeout=300
    )
    found = train_both(request, Silent())
    if found.end is None:
        raise RuntimeError(f"the training of {pair.name} {variant} has no end in {found.path}")
    return {
        "verdict": found.end.verdict,
        "failed": found.end.verdict in ("diverged", "failed"),
        "sentence": found.end.sentence,
        "forced": {step.step: step.verdict for step in found.forced},
        "costs": found.end.costs,
    }


def evaluate(pair: Pair, variant: str, device: str, folder: Path) -> dict[str, Any]:
    """A short evaluation of both sides on made-up data, from the same seeded weights."""
    request = EvaluateRequest(
        pair.name, variant, device=device, limit=SAMPLES, output=folder / "evaluation", timeout=300
    )
    found, _ = evaluate_both(request, Silent())
    return {
        "verdict": found.verdict,
        "failed": found.verdict == "diverged",
        "sentence": found.sentence,
        "metrics": [json_codec.to_plain(row) for row in found.metrics],
        "costs": found.costs,
    }


def check_case(record: Record, pair: Pair, variant: str, mode: Mode) -> None:
    """Compare, hold CPU against GPU, and time one case."""
    folder = record.folder / f"{pair.name}-{variant}-{mode}"
    label = f"{pair.name} {variant} {mode}"
    compared = record.step(
        f"compare {label}", lambda: compare(pair, variant, mode, record.device, folder), 20
    )
    if compared is not None and record.device == "cuda":
        record.step(f"cpu against cuda {label}", lambda: across_devices(pair, variant, mode, folder), 20)
    record.step(f"speed {label}", lambda: speed(pair, variant, mode, record.device), 15)


def main() -> int:
    """Run every step that the budget allows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_check", description=__doc__)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for gpu_check.json and gpu_check.html"
    )
    parser.add_argument("--budget", type=float, default=540.0, help="seconds for everything")
    parser.add_argument("--pairs", default="", help="names with commas; all pairs by default")
    parser.add_argument("--variants", default="", help="names with commas; all variants by default")
    options = parser.parse_args()
    record = Record(options.out, options.device, options.budget)
    if record.step("bring-up and smoke test", lambda: bring_up(options.device)) is None:
        return 1
    wanted = [pairs.find(name) for name in options.pairs.split(",") if name] or pairs.all_pairs()
    chosen = set(filter(None, options.variants.split(",")))
    variants = [(pair, name) for pair in wanted for name in pair.variants if not chosen or name in chosen]
    for mode in MODES:
        for pair, name in variants:
            check_case(record, pair, name, mode)
    for pair, name in variants:
        folder = record.folder / f"{pair.name}-{name}"
        record.step(f"train {pair.name} {name}", partial(train, pair, name, record.device, folder), 30)
        record.step(f"evaluate {pair.name} {name}", partial(evaluate, pair, name, record.device, folder), 20)
    return int(any(step["outcome"] == "failed" for step in record.steps))


if __name__ == "__main__":
    raise SystemExit(main())
