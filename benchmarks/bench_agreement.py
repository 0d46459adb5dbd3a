"""Whether `align bench` and `torch.utils.benchmark` time the torch side alike.

    python -m benchmarks.bench_agreement --model l2sknet --size 128x128 --batch 2 --out FILE

Both time the same forward pass, each in fresh processes and in turns, with the rule of `align bench`: in each
round one process is timed by us and one by torch's own `Timer`. The interval should hold 1.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness import environment, files, pairs
from harness.bench import statistics
from harness.bench.machine import this_machine
from harness.bench.result import Contestant
from harness.breadcrumb import Breadcrumb
from harness.case import REFERENCE, Case
from harness.environment.interpreters import interpreter
from harness.flows.bench_subject import Subject, subject
from harness.flows.timed_worker import USUAL_WAITING

TURNS, BLOCK_SECONDS, WARM_UP = 3, 0.25, 10.0


def alone(model: str, variant: str, inputs: str, state: str) -> None:
    """Time the forward pass by torch's own timer, once for each line that comes in."""
    import torch
    from torch.utils.benchmark import Timer

    from harness.sides.torch_side import TorchSide

    side = TorchSide("cpu", Breadcrumb(Path(state).with_suffix(".place")))
    side.build(model, variant)
    side.load(state)
    side.prepare(inputs, "eval", "float32")
    given = [side._inputs[name] for name in side.pair.given(side._inputs)]
    timer = Timer(
        "with torch.no_grad(): model(*given)",
        globals={"torch": torch, "model": side.model, "given": given},
        num_threads=torch.get_num_threads(),
    )
    timer.blocked_autorange(min_run_time=2)
    print("ready", flush=True)
    for _ in sys.stdin:
        print(json.dumps(timer.blocked_autorange(min_run_time=BLOCK_SECONDS).times), flush=True)


@contextlib.contextmanager
def torchs_own(one: Subject) -> Iterator[subprocess.Popen[str]]:
    """A process that torch's timer runs in, with the variables of a worker."""
    python = interpreter(REFERENCE)
    variables = {**USUAL_WAITING, **os.environ, **environment.side_environment(REFERENCE, "cpu", python)}
    words = ["-m", "benchmarks.bench_agreement", "--alone", str(one.inputs), str(one.state)]
    words += ["--model", one.case.pair, "--variant", one.case.variant]
    process = subprocess.Popen(
        [str(python), *words], env=variables, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        if process.stdout.readline().strip() != "ready":
            raise SystemExit("torch's own timer did not start")
        yield process
    finally:
        process.stdin.close()
        process.wait()


def block_of(process: subprocess.Popen[str]) -> list[float]:
    """The seconds of calls, as torch's timer tells them."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    found: list[float] = json.loads(process.stdout.readline())
    return found


def one_round(one: Subject, number: int) -> float:
    """Torch's timer over ours, in turns A B B A."""
    ours, theirs = list[list[float]](), list[list[float]]()
    with one.worker(Contestant(REFERENCE), number) as worker, torchs_own(one) as process:
        one.build(worker)
        worker.start(one.inputs, "")
        worker.warm_up(WARM_UP)
        for _ in range(TURNS):
            ours.append(worker.time_block(BLOCK_SECONDS).whole)
            theirs += [block_of(process), block_of(process)]
            ours.append(worker.time_block(BLOCK_SECONDS).whole)
    return statistics.round_ratio(ours, theirs)


def measured(case: Case) -> dict[str, Any]:
    """As many rounds as the rule asks for."""
    rounds = list[float]()
    with subject(pairs.find(case.pair), case, 600.0, lambda identity: None) as one:
        while not statistics.settled(rounds):
            rounds.append(one_round(one, len(rounds)))
    ratio = statistics.ratio_of(rounds)
    load, machine = os.getloadavg()[0], this_machine("cpu")
    return {
        "date": time.strftime("%Y-%m-%d"),
        "machine": {"processor": machine.processor, "cores": machine.cores},
        "note": "load of other work beside" if load > machine.cores / 2 + 2 else "quiet",
        "load": round(load, 1),
        "case": [case.pair, case.variant, case.batch, case.size],
        "torch.utils.benchmark over align bench": vars(ratio),
        "rounds": rounds,
        "agree": ratio.low <= 1 <= ratio.high,
    }


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.bench_agreement", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--model", default="l2sknet")
    parser.add_argument("--variant")
    parser.add_argument("--size", default="128x128")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--alone", nargs=2, metavar=("INPUTS", "STATE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        alone(options.model, options.variant, *options.alone)
        return
    height, _, width = options.size.partition("x")
    variant = pairs.find(options.model).variant(options.variant).name
    found = measured(Case(options.model, variant, batch=options.batch, size=(int(height), int(width))))
    print(json.dumps(found, indent=1))
    if options.out:
        files.write_file(options.out, json.dumps(found, indent=1) + "\n", replace=True)


if __name__ == "__main__":
    main()
