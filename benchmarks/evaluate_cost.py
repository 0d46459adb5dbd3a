"""What an evaluation costs beside the two bare loops that it cannot avoid, in processor time, and its memory.

    ./run python -m benchmarks.evaluate_cost --samples 200 --size 64 --out cost.json

Both are measured in one run. The bare loop of a side goes forward over an input of the same size, in a
process of its own, and does nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness.case import SIDES
from harness.flows.evaluate import evaluate
from harness.flows.evaluate_request import EvaluateRequest
from harness.flows.together import lend_workers
from harness.progress import Silent
from harness.session import SHARING

BARE = """
import sys, time
import numpy as np
from harness.pairs import find
side, variant, size, samples = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
pair = find("l2sknet")
image = np.random.default_rng(0).random((1, 1, size, size)).astype(np.float32)
if side == "torch":
    import torch
    from refs_torch.l2sknet import build
    model = build(variant, **pair.variant(variant).options).eval()
    def forward():
        with torch.no_grad():
            return model(torch.from_numpy(image)).numpy()
else:
    from harness.environment import jittor_environment
    from harness.sides.jittor_here import import_here
    jt = import_here(jittor_environment())
    from ports_jittor.l2sknet import build
    model = build(variant, **pair.variant(variant).options)
    model.eval()
    def forward():
        with jt.no_grad():
            return model(jt.array(image)).numpy()
for _ in range(3):
    forward()
started = time.process_time()
for _ in range(samples):
    forward()
print("cpu", time.process_time() - started)
"""


def cpu_of(pid: int) -> float:
    """The processor time of a process with its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """The processes below a process."""
    found = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return found + [one for child in found for one in children(child)]


def total(pids: list[int]) -> float:
    """The processor time of this process and some others."""
    return time.process_time() + sum(map(cpu_of, pids))


def bare(side: str, variant: str, size: int, samples: int) -> float:
    """The processor time of a side's own loop."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "bare.py"
        program.write_text(BARE)
        words = [sys.executable, str(program), side, variant, str(size), str(samples)]
        root = str(Path(__file__).resolve().parents[1])
        environment = {**SHARING, **os.environ, "PYTHONPATH": root}
        done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    return float(next(line for line in done.stdout.splitlines() if line.startswith("cpu")).split()[1])


def measure(samples: int, size: int, weights: str) -> dict[str, object]:
    """Both loops and the evaluation."""
    variant = "L2SKNet_UNet"
    found: dict[str, object] = {
        "variant": variant,
        "weights": Path(weights).name,
        "samples": samples,
        "size": size,
    }
    with lend_workers("cpu", 600) as workers, tempfile.TemporaryDirectory() as folder:

        def run(count: int, name: str) -> float:
            place = Path(folder) / name
            request = EvaluateRequest(
                "l2sknet",
                variant,
                weights,
                limit=count,
                input_size=(size, size),
                pictures=0,
                output=place,
            )
            pids = [pid for worker in workers.values() for pid in (worker.pid, *children(worker.pid))]
            before = total(pids)
            evaluate(request, Silent(), workers)
            return total(pids) - before

        few = samples // 10
        run(few, "warm")
        peaks = [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]
        short = run(few, "few")
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        long = run(samples, "many")
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    loops = {side: bare(side, variant, size, samples) / samples for side in SIDES}
    each = (long - short) / (samples - few)
    return {
        **found,
        "bare_cpu_a_sample": loops,
        "evaluation_cpu_a_sample": each,
        "ratio": each / sum(loops.values()),
        "peak_kib_of_the_harness_warm_few_many": peaks,
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--weights", default="seeded", help="masks of noise take long to judge")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    text = json.dumps(measure(asked.samples, asked.size, asked.weights), indent=1)
    asked.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
