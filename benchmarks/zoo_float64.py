"""What the classifiers of examples/zoo compute, without a verdict: torchvision in float64 beside Jittor.

    python -m benchmarks.zoo_float64 VARIANT [--mode eval|train] [--seed N] [--out FILE]

Each side passes once in a process of its own, with the same seeded weights and image: torchvision in float64
with plain torch, torchvision in float32, Jittor. Printed is how far the two in float32 are from the one in
float64, in relative l2 distances: outputs, and in training running statistics (also from what the running
variance is without the correction n/(n-1)), and each batch norm alone on the inputs that the float64 run gave
it. FILE is a list that grows by what is printed. ALIGN_TORCH_PYTHON names the interpreter that has
torchvision.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import zoo_float64_sides as sides
from harness.files import write_file

ROOT = Path(__file__).parents[1]
Arrays = dict[str, Any]
KINDS = ("output", "running_mean", "running_var", "norm")


def main() -> None:
    """Run the three and print how far they are apart."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.zoo_float64")
    parser.add_argument("variant")
    parser.add_argument("--mode", choices=["eval", "train"], default="eval")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--side", choices=["float64", "float32", "jittor"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.side:
        run = sides.jittor_arrays if asked.side == "jittor" else sides.torch_arrays
        found = run(asked.variant, asked.mode, asked.seed, asked.side, asked.folder)
        np.savez(asked.folder / asked.side, **found)
        return
    with tempfile.TemporaryDirectory() as folder:
        exact, torch, jittor = (_side(side, asked, Path(folder)) for side in ("float64", "float32", "jittor"))
    told = {"variant": asked.variant, "mode": asked.mode, **apart(exact, torch, jittor)}
    print(json.dumps(told))
    if asked.out:
        rows = json.loads(asked.out.read_text("utf-8")) if asked.out.exists() else []
        write_file(asked.out, json.dumps([*rows, told], indent=1) + "\n", replace=True)


def _side(side: str, asked: argparse.Namespace, folder: Path) -> Arrays:
    torch = os.environ.get("ALIGN_TORCH_PYTHON", sys.executable)
    command = [sys.executable if side == "jittor" else torch, "-m", "benchmarks.zoo_float64", asked.variant]
    command += ["--mode", asked.mode, "--seed", str(asked.seed), "--side", side, "--folder", str(folder)]
    places = f"{ROOT}{os.pathsep}{sides.PAIR.parent}"
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": places})
    with np.load(folder / f"{side}.npz") as stored:
        return dict(stored)


def apart(exact: Arrays, torch: Arrays, jittor: Arrays) -> dict[str, Any]:
    """The largest distance of each kind, of torch in float32 and of Jittor, and what only one of them has."""
    told: dict[str, Any] = {}
    for kind in KINDS:
        keys = [key for key in exact if key.startswith(f"{kind}:")]
        both = [key for key in keys if key in jittor]
        if both:
            worst = {key: distance(exact[key], jittor[key]) for key in both}
            told[kind] = {
                "torch": max(distance(exact[key], torch[key]) for key in both),
                "jittor": max(worst.values()),
                "at": max(both, key=lambda key: worst[key]).partition(":")[2],
            }
        if len(both) < len(keys):
            told[f"{kind}, not in jittor"] = [key.partition(":")[2] for key in keys if key not in jittor]
    biased = [key for key in exact if key.startswith("biased:")]
    if biased:
        told["running_var without the correction"] = max(
            distance(exact[key], jittor[f"running_var:{key.partition(':')[2]}"]) for key in biased
        )
    return told


def distance(exact: Any, other: Any) -> float:
    """The relative distance in l2; infinite where shapes differ."""
    exact, other = np.asarray(exact, np.float64), np.asarray(other, np.float64)
    if exact.shape != other.shape:
        return float("inf")
    return float(np.linalg.norm(exact - other) / max(np.linalg.norm(exact), 1e-300))


if __name__ == "__main__":
    main()
