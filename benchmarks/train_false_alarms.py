"""How often `align train` accuses a sound port: short trainings of pairs, each from a seed of its own.

    python -m benchmarks.train_false_alarms --model PAIR --out FILE [--against itself|port] [--count N]
                                            [--seconds S] [--steps N] [--batch N] [--size 32x32]

`--against itself` puts the reference's own network in the port's place, with 1 to 4 threads in turn, from
weights moved by their last bit: what differs then is rounding for certain. Forced steps and twins judge as by
default. FILE is written anew after each training: a run that is cut short counts as far as it came.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.case import PORT, REFERENCE
from harness.flows import inputs_and_weights
from harness.flows.together import lend_workers
from harness.flows.train import train
from harness.flows.train_request import TrainRequest
from harness.flows.twin_runs import moved_by_the_last_bit
from harness.progress import Silent
from harness.requests import Answer, Load, Request
from harness.scratch import scratch_folder
from harness.session import Worker
from harness.trace import Trace
from harness.training.log import Training

THREADS = (1, 2, 3, 4)


class OnItself(Worker):
    """The reference in the port's place, from weights moved by their last bit."""

    seed = 0

    def call(self, request: Request[Answer]) -> Answer:
        """Move what is loaded."""
        if isinstance(request, Load):
            path = Path(request.state)
            with Trace.open(path) as stored:
                state = {name.partition(":")[2]: stored.array(name) for name in stored.records}
            moved = moved_by_the_last_bit(state, self.seed, f"itself/{path.name}")  # type: ignore[arg-type]
            other = path.with_name("itself.h5")
            other.unlink(missing_ok=True)
            return super().call(Load(str(inputs_and_weights.write(other, "state", moved))))  # type: ignore[return-value]
        return super().call(request)


@contextlib.contextmanager
def itself() -> Iterator[list[dict[str, Worker]]]:
    """The reference against itself, a pair of workers for each count of threads."""
    with scratch_folder() as place, contextlib.ExitStack() as stack:
        before = os.environ.get("OMP_NUM_THREADS")
        stack.callback(_set_threads, before)
        reference = stack.enter_context(Worker("torch", "cpu", place, place / "torch.log"))
        found = []
        for threads in THREADS:
            _set_threads(str(threads))
            other = place / str(threads)
            other.mkdir()
            found.append(
                {
                    REFERENCE: reference,
                    PORT: stack.enter_context(OnItself("torch", "cpu", other, other / "torch.log")),
                }
            )
        yield found


def _set_threads(count: str | None) -> None:
    if count is None:
        os.environ.pop("OMP_NUM_THREADS", None)
    else:
        os.environ["OMP_NUM_THREADS"] = count


@contextlib.contextmanager
def ports() -> Iterator[list[dict[str, Worker]]]:
    """The reference and the port."""
    with lend_workers("cpu", 1800) as lent:
        yield [lent]


def of_verdict(done: Training, verdict: str) -> list[dict[str, Any]]:
    """The forced steps of a training with that verdict, each with its worst tensor."""
    return [
        asdict(dataclasses.replace(one, rows=one.rows[:1])) for one in done.forced if one.verdict == verdict
    ]


def main() -> None:
    """Count, and write what was counted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.train_false_alarms")
    parser.add_argument("--model", required=True)
    parser.add_argument("--variant", default=None)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--against", choices=("itself", "port"), default="itself")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--twins", type=int, default=4)
    parser.add_argument("--batch", type=int, default=None)
    parser.add_argument("--size", default=None)
    parser.add_argument("--limit", type=int, default=None)
    asked = parser.parse_args()
    size = None if asked.size is None else tuple(int(part) for part in asked.size.split("x"))
    found: dict[str, Any] = {
        "asked": {name: str(value) for name, value in vars(asked).items()},
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    verdicts: Counter[str] = Counter()
    alarms: list[dict[str, Any]] = []
    undecided: list[dict[str, Any]] = []
    end = time.monotonic() + asked.seconds
    with itself() if asked.against == "itself" else ports() as chosen, scratch_folder() as place:
        for number in range(asked.count):
            workers = chosen[number % len(chosen)]
            port, seed = workers[PORT], asked.first_seed + number
            if isinstance(port, OnItself):
                port.seed = seed
            request = TrainRequest(
                asked.model, asked.variant, device="cpu", seed=seed, input_size=size, batch=asked.batch,
                limit=asked.limit, steps=asked.steps, twins=asked.twins, loaders=0, every=1_000_000,
                output=place / str(number),
            )  # type: ignore[arg-type]  # fmt: skip
            done = train(request, Silent(), workers)
            assert done.end is not None
            verdicts[done.end.verdict] += 1
            if done.end.verdict == "diverged" or "suspect" in done.end.sentence:
                said = {"seed": seed, "threads": port.ready().threads, "said": done.end.sentence}
                alarms.append({**said, "forced": of_verdict(done, "diverged")})
            undecided += [{"seed": seed, **one} for one in of_verdict(done, "inconclusive")]
            found |= {
                "trainings": number + 1,
                "verdicts": dict(verdicts),
                "forced steps": found.get("forced steps", 0) + len(done.forced),
                "false alarms": len(alarms),
                "alarms": alarms,
                "undecided forced steps": len(undecided),
                "undecided": undecided,
                "versions": workers[REFERENCE].ready().versions | port.ready().versions,
            }
            asked.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
            if time.monotonic() > end:
                break
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
