"""How often the rule of `align bench` errs: nothing against itself, and a slowdown that was put in.

    python -m benchmarks.bench_rule --real 20 --model examples/tiny/tiny_pair.py --out FILE
    python -m benchmarks.bench_rule --simulated 500 --noise FILE --out FILE

Real pairs are `align bench` itself with a side in the place of both. Each is judged as it is, and once more
with every time of the second 3 % longer: the rounds it takes depend on the width of the interval alone, which
that does not change. Simulated pairs are drawn from what real ones have shown of calls, blocks and processes,
so that tails are those of this machine; drifts and bursts of other work, which both meet, are added.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections import Counter
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
from harness.progress import Silent

SLOWDOWN = 0.03
BLOCKS, BLOCK_SECONDS = 6, 0.25
SHOWN = [1, 25, 50, 75, 99]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Noise:
    """What real measurements have shown, as logarithms: of calls in a block, blocks in a process, processes.

    `seconds` is how long a call takes.
    """

    calls: Floats
    blocks: Floats
    processes: Floats
    seconds: float


def real(model: str, count: int, seconds: float, out: Path) -> None:
    """So many pairs of the same thing, half of them of each side, written after every one."""
    rows: list[dict[str, Any]] = []
    while len(rows) < count:
        request = BenchRequest(model, modes=("eval",), seconds=seconds, timeout=600.0, warm_up=5.0)
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
        _write(out, {**_told(), "model": model, "real": _counted(rows), "pairs": rows})


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
    """How far calls, blocks and processes of the same thing were apart."""
    calls, blocks, processes, seconds = list[float](), list[float](), list[float](), list[float]()
    for pair in pairs:
        for contestant in pair["samples"]:
            medians = np.log([np.median(block) for block in contestant])
            for process in np.split(medians, len(medians) // BLOCKS):
                blocks += list(process - np.median(process))
                processes.append(float(np.median(process)))
            for block, middle in zip(contestant, medians, strict=True):
                calls += list(np.log(block) - middle)
                seconds.append(math.exp(middle))
        processes[-len(pair["rounds"]) * 2 :] = _centred(processes[-len(pair["rounds"]) * 2 :])
    return Noise(np.array(calls), np.array(blocks), np.array(processes), float(np.median(seconds)))


def _centred(values: list[float]) -> list[float]:
    return list(np.array(values) - np.median(values))


class Simulated:
    """A machine with that noise, and with drifts and bursts of other work that both contestants meet."""

    def __init__(self, noise: Noise, rng: np.random.Generator) -> None:
        self.noise, self.rng = noise, rng
        self.level, self.busy = 0.0, False

    def block(self, process: float, slower: float) -> list[float]:
        """The calls of one block; time goes on, so a drift and a burst reach the next one too."""
        rng, noise = self.rng, self.noise
        self.level += rng.normal(0, 0.003)
        self.busy = rng.random() < (0.7 if self.busy else 0.03)
        middle = (
            self.level + process + float(rng.choice(noise.blocks)) + (math.log(1.5) if self.busy else 0.0)
        )
        count = max(2, min(200, int(BLOCK_SECONDS / noise.seconds)))
        calls = np.exp(middle + rng.choice(noise.calls, count))
        return list(noise.seconds * (1 + slower) * calls)

    def round(self, slower: float) -> float:
        """The ratio of one round: two processes in turns, A B B A."""
        found: tuple[list[list[float]], list[list[float]]] = ([], [])
        process = [float(self.rng.choice(self.noise.processes)) for _ in found]
        for _ in range(BLOCKS // 2):
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
            "rounds": float(np.mean([rounds for _, rounds in ratios])),
            "half_width": float(np.median([ratio.half_width for ratio, _ in ratios])),
        }
    return found


def main() -> None:
    """Measure or simulate, and print what was found."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.bench_rule", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--model", default="examples/tiny/tiny_pair.py")
    parser.add_argument("--real", type=int, default=0, metavar="N")
    parser.add_argument("--seconds", type=float, default=20.0, help="of rounds, for each real pair")
    parser.add_argument("--simulated", type=int, default=0, metavar="N")
    parser.add_argument("--noise", type=Path, metavar="FILE", help="what --real has written")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.real:
        real(options.model, options.real, options.seconds, options.out)
    if options.simulated:
        kept = json.loads((options.noise or options.out).read_text(encoding="utf-8"))
        noise = noise_of(kept["pairs"])
        found = {**{name: kept[name] for name in ("date", "machine", "load", "note", "model", "real")}}
        found["noise"] = {
            name: [
                round(float(value), 4) for value in np.percentile(getattr(noise, name), [1, 25, 50, 75, 99])
            ]
            for name in ("calls", "blocks", "processes")
        }
        found["simulated"] = simulated(noise, options.simulated)
        _write(options.out, found)


if __name__ == "__main__":
    main()
