"""What the classifiers of examples/zoo compute, without a verdict: torchvision in float64 beside Jittor.

    python -m benchmarks.zoo_float64 VARIANT [--mode eval|train] [--seed N]

One pass of each side in a process of its own, with the same seeded weights and image. The reference runs in
float64, with plain torch. Printed is how far the port's outputs are from it, and, in training, how far the
running variances are from what they should be, and from what the variance without Bessel's correction gives.
ALIGN_TORCH_PYTHON names the interpreter that has torchvision.
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

from harness import pairs, seeded
from harness.environment import jittor_environment, own_settings
from harness.pairs.base import InputRequest, Mode

ROOT = Path(__file__).parents[1]
PAIR = ROOT / "examples" / "zoo" / "classifiers_pair.py"
Arrays = dict[str, Any]


def main() -> None:
    """Run both sides and print how far they are apart."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.zoo_float64")
    parser.add_argument("variant")
    parser.add_argument("--mode", choices=["eval", "train"], default="eval")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--side", choices=["torch", "jittor"], help=argparse.SUPPRESS)
    parser.add_argument("--out", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.side:
        run = _torch if asked.side == "torch" else _jittor
        np.savez(asked.out, **run(asked.variant, asked.mode, asked.seed))
        return
    with tempfile.TemporaryDirectory() as folder:
        found = {side: _side(side, asked, Path(folder)) for side in ("torch", "jittor")}
    print(json.dumps(_apart(found["torch"], found["jittor"])))


def _side(side: str, asked: argparse.Namespace, folder: Path) -> Arrays:
    python = os.environ.get("ALIGN_TORCH_PYTHON", sys.executable) if side == "torch" else sys.executable
    out = folder / f"{side}.npz"
    command = [python, "-m", "benchmarks.zoo_float64", asked.variant, "--mode", asked.mode]
    command += ["--seed", str(asked.seed), "--side", side, "--out", str(out)]
    places = f"{ROOT}{os.pathsep}{PAIR.parent}"
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": places})
    with np.load(out) as stored:
        return dict(stored)


def _inputs(variant: str, mode: Mode, seed: int) -> tuple[Arrays, dict[str, Any]]:
    pair = pairs.find(str(PAIR))
    chosen = pair.variant(variant)
    return pair.inputs(InputRequest(chosen, mode, seed)), dict(chosen.options)


def _torch(variant: str, mode: Mode, seed: int) -> Arrays:
    """Outputs and running statistics in float64; the variances also without the correction."""
    import classifiers_torch
    import torch

    inputs, options = _inputs(variant, mode, seed)
    model = classifiers_torch.build(variant, **options)
    state = {
        key: torch.from_numpy(np.asarray(seeded.weight(seed, key, tuple(value.shape))))
        for key, value in model.state_dict().items()
    }
    model.load_state_dict(state)
    model.double().train(mode == "train")
    found: Arrays = {}

    def biased(name: str, norm: Any) -> Any:
        def hook(module: Any, given: Any) -> None:
            spread = given[0].detach().var((0, 2, 3), unbiased=False)
            old = norm.running_var.clone()
            found[f"biased:{name}.running_var"] = (old + norm.momentum * (spread - old)).numpy()

        return hook

    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Dropout):
            module.eval()
        if mode == "train" and isinstance(module, torch.nn.BatchNorm2d):
            module.register_forward_pre_hook(biased(name, module))
    with torch.no_grad():
        outputs = model(torch.from_numpy(inputs["image"]).double())
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    found.update({f"output:{place}": part.numpy() for place, part in enumerate(outputs) if part is not None})
    found.update({f"state:{k}": v.numpy() for k, v in model.state_dict().items() if "running" in k})
    return found


def _jittor(variant: str, mode: Mode, seed: int) -> Arrays:
    """The same of the port, which computes in float32."""
    os.environ.update(jittor_environment())
    with own_settings():
        import jittor  # noqa: F401
    import classifiers_jittor
    import jittor as jt
    from jittor import nn

    inputs, options = _inputs(variant, mode, seed)
    model = classifiers_jittor.build(variant, **options)
    for key, value in model.state_dict().items():
        value.assign(jt.array(np.asarray(seeded.weight(seed, key, tuple(value.shape)))))
    (model.train if mode == "train" else model.eval)()
    nn.Dropout.execute = lambda self, x: x
    with jt.no_grad():
        outputs = model(jt.array(inputs["image"]))
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    found = {f"output:{place}": part.numpy() for place, part in enumerate(outputs)}
    return {**found, **{f"state:{k}": v.numpy() for k, v in model.state_dict().items() if "running" in k}}


def _apart(torch: Arrays, jittor: Arrays) -> dict[str, Any]:
    """Relative distances in l2; of running variances the largest."""
    told: dict[str, Any] = {
        key: _distance(value, jittor[key]) if key in jittor else "jittor has none"
        for key, value in torch.items()
        if key.startswith("output:")
    }
    for kind in ("running_mean", "running_var"):
        keys = [key for key in torch if key.startswith("state:") and key.endswith(kind)]
        if keys:
            told[kind] = max(_distance(torch[key], jittor[key]) for key in keys)
    biased = [key for key in torch if key.startswith("biased:")]
    if biased:
        told["running_var without the correction"] = max(
            _distance(torch[key], jittor[f"state:{key.partition(':')[2]}"]) for key in biased
        )
    return told


def _distance(exact: Any, other: Any) -> float:
    exact, other = np.asarray(exact, np.float64), np.asarray(other, np.float64)
    return float(np.linalg.norm(exact - other) / np.linalg.norm(exact))


if __name__ == "__main__":
    main()
