"""How often the rule of `align bench` errs: nothing against itself, and a slowdown that was put in.

    python -m benchmarks.bench_rule --real 20 --model examples/tiny/tiny_pair.py --out FILE
    python -m benchmarks.bench_rule --simulated 500 [--noise FILE] --out FILE

Real pairs are `align bench` itself with a side in the place of both. Each is judged as it is, and once more
with every time of the second 3 % longer: the rounds it takes depend on the width of the interval alone, which
that does not change. Simulated pairs are of machines with heavy tails, drifts and bursts of other work, and,
with `--noise`, of one whose calls, blocks and processes are as far apart as those of real pairs.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import files
from harness.bench import statistics
from harness.bench.machine import this_machine
from harness.bench.statistics import Ratio
from harness.flows.bench import bench
from harness.flows.bench_jobs import against_themselves
from harness.flows.bench_request import BenchRequest
from harness.flows.bench_row import BLOCK_SECONDS, MOST_TURNS
from harness.progress import Silent

SLOWDOWN = 0.03
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Noise:
    """What a machine does to times, as logarithms to draw from: of calls in a block, blocks, processes.

    `drift` is how far it goes from block to block. A share `bursts` of the blocks begins a burst of other
    work, in which a call takes up to `factor` times as long. A round has so many `turns`.
    """

    calls: Floats
    blocks: Floats
    processes: Floats
    seconds: float = 0.02
    drift: float = 0.003
    bursts: float = 0.03
    factor: float = 2.0
    turns: int = MOST_TURNS


def heavy(process: float, block: float, call: float, **others: float) -> Noise:
    """Noise with heavy tails: Student's with three degrees of freedom, scaled to these deviations."""
    rng = np.random.default_rng(3)
    drawn = (deviation * rng.standard_t(3, 4096) / math.sqrt(3) for deviation in (call, block, process))
    calls, blocks, processes = drawn
    return Noise(np.abs(calls), blocks, processes, **others)


MACHINES = {
    "quiet": heavy(0.006, 0.004, 0.02, drift=0.001, bursts=0.0),
    "drifting": heavy(0.006, 0.004, 0.02, bursts=0.0),
    "bursts of other work": heavy(0.006, 0.004, 0.02),
    "processes far apart, and bursts": heavy(0.015, 0.01, 0.05),
    "under load": heavy(0.03, 0.05, 0.2, drift=0.01, bursts=0.2, factor=3.0),
}


def real(model: str, size: int | None, count: int, seconds: float, out: Path) -> None:
    """So many pairs of the same thing, half of them of each side, written after every one."""
    square = None if size is None else (size, size)
    rows: list[dict[str, Any]] = []
    while len(rows) < count:
        request = BenchRequest(
            model, modes=("eval",), input_size=square, seconds=seconds, timeout=600.0, warm_up=5.0
        )
        for row in bench(request, Silent(), against_themselves).rows:
            rows.append(
                {
                    "side": row.first.contestant.side,
                    "rounds": row.rounds,
                    "samples": list(row.samples.values()),
                    "verdict": row.ratio.verdict,
                    "planted": statistics.ratio_of([ratio * (1 + SLOWDOWN) for ratio in row.rounds]).verdict,
                    "low": row.ratio.low,
                    "high": row.ratio.high,
                }
            )
        _write(out, {**_told(), "model": model, "size": size, "real": _counted(rows), "pairs": rows})


def _write(path: Path, found: dict[str, Any]) -> None:
    files.write_file(path, json.dumps(found, indent=1) + "\n", replace=True)


def _counted(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "pairs": len(rows),
        "verdicts": dict(Counter(row["verdict"] for row in rows)),
        "planted": dict(Counter(row["planted"] for row in rows)),
        "rounds": dict(Counter(len(row["rounds"]) for row in rows)),
    }


def _told() -> dict[str, Any]:
    load = os.getloadavg()
    machine = this_machine("cpu")
    return {
        "date": time.strftime("%Y-%m-%d"),
        "machine": {"processor": machine.processor, "cores": machine.cores},
        "load": [round(value, 1) for value in load],
        "note": "load of other work beside" if load[0] > machine.cores / 2 else "quiet",
    }


def noise_of(pairs: list[dict[str, Any]]) -> Noise:
    """How far calls, blocks and processes of the same thing were apart.

    Of blocks and processes what both of a round have in common is no noise of theirs: the machine was slower
    just then. The rest is shared out between the two, and counts with either sign.
    """
    calls, blocks, processes, seconds = list[float](), list[float](), list[float](), list[float]()
    turns = list[int]()
    for pair in pairs:
        medians = [np.log([np.median(block) for block in contestant]) for contestant in pair["samples"]]
        apart = ((medians[1] - medians[0]) / math.sqrt(2)).reshape(len(pair["rounds"]), -1)
        rounds = np.median(apart, axis=1)
        blocks += list((apart - rounds[:, None]).ravel())
        processes += list(rounds - np.median(rounds))
        turns.append(apart.shape[1] // 2)
        for contestant, middles in zip(pair["samples"], medians, strict=True):
            for block, middle in zip(contestant, middles, strict=True):
                calls += list(np.log(block) - middle)
            seconds += list(np.exp(middles))
    return Noise(
        np.array(calls),
        _either_sign(blocks),
        _either_sign(processes),
        float(np.median(seconds)),
        turns=int(np.median(turns)),
    )


def _either_sign(values: list[float]) -> Floats:
    return np.concatenate([values, np.negative(values)])


class Simulated:
    """A machine with that noise; drifts and bursts go on from block to block, and both meet them."""

    def __init__(self, noise: Noise, rng: np.random.Generator) -> None:
        self.noise, self.rng = noise, rng
        self.level, self.busy = 0.0, False

    def block(self, process: float, slower: float) -> list[float]:
        """The calls of one block."""
        rng, noise = self.rng, self.noise
        self.level += rng.normal(0, noise.drift)
        self.busy = rng.random() < (0.7 if self.busy else noise.bursts)
        count = max(2, min(60, int(BLOCK_SECONDS / noise.seconds)))
        other = math.log(noise.factor) * rng.random(count) if self.busy else 0.0
        middle = self.level + process + float(rng.choice(noise.blocks))
        return list((1 + slower) * np.exp(middle + other + rng.choice(noise.calls, count)))

    def round(self, slower: float) -> float:
        """The ratio of one round: two processes in turns, A B B A."""
        found: tuple[list[list[float]], list[list[float]]] = ([], [])
        process = [float(self.rng.choice(self.noise.processes)) for _ in found]
        for _ in range(self.noise.turns):
            for one in (0, 1, 1, 0):
                found[one].append(self.block(process[one], slower if one else 0.0))
        return statistics.round_ratio(*found)

    def measured(self, slower: float) -> tuple[Ratio, int]:
        """As many rounds as the rule asks for."""
        rounds: list[float] = []
        while not statistics.settled(rounds):
            rounds.append(self.round(slower))
        return statistics.ratio_of(rounds), len(rounds)


def simulated(noise: Noise, count: int) -> dict[str, Any]:
    """The verdicts on so many pairs of the same thing, and on as many with the slowdown."""
    found: dict[str, Any] = {}
    for name, slower in (("same", 0.0), ("slower by 3 %", SLOWDOWN)):
        machine = Simulated(noise, np.random.default_rng(20))
        ratios = [machine.measured(slower) for _ in range(count)]
        found[name] = {
            "pairs": count,
            "verdicts": dict(Counter(ratio.verdict for ratio, _ in ratios)),
            "rounds": round(float(np.mean([rounds for _, rounds in ratios])), 1),
            "half_width": round(float(np.median([ratio.half_width for ratio, _ in ratios])), 4),
        }
    return found


def noise_in(path: Path | None) -> dict[str, Noise]:
    """The machine that real pairs have shown, by its name."""
    if path is None:
        return {}
    return {"as measured": noise_of(json.loads(path.read_text(encoding="utf-8"))["pairs"])}


def simulate(count: int, machines: Mapping[str, Noise], out: Path) -> None:
    """Pairs on every machine; written after each."""
    found: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%d"),
        "command": f"python -m benchmarks.bench_rule --simulated {count}",
        "versions": {"numpy": np.__version__},
        "simulated": {},
    }
    for name, machine in machines.items():
        found["simulated"][name] = simulated(machine, count)
        print(name, json.dumps(found["simulated"][name]), flush=True)
        _write(out, found)


def main() -> None:
    """Measure or simulate, and print what was found."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.bench_rule", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--model", default="examples/tiny/tiny_pair.py")
    parser.add_argument("--size", type=int, help="height and width of what the model is given")
    parser.add_argument("--real", type=int, default=0, metavar="N")
    parser.add_argument("--seconds", type=float, default=20.0, help="of rounds, for each real pair")
    parser.add_argument("--simulated", type=int, default=0, metavar="N")
    parser.add_argument("--noise", type=Path, metavar="FILE", help="what --real has written")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.real:
        real(options.model, options.size, options.real, options.seconds, options.out)
    if options.simulated:
        try:
            machines = MACHINES | noise_in(options.noise)
        except (OSError, ValueError, KeyError, TypeError) as error:
            parser.error(f"{options.noise} is nothing that --real has written: {error!r}")
        simulate(options.simulated, machines, options.out)


if __name__ == "__main__":
    main()
