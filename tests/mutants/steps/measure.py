"""What becomes of each mistake in a training: detected, named, or named wrongly; and of sound ones.

By hand: `./run python -m tests.mutants.steps.measure --out FILE [--seeds N]`. FILE is written after each one.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from harness.alignment import Alignment
from harness.files import write_file
from harness.flows.compare_steps import compare_steps
from harness.flows.explain_steps import explain_steps
from harness.flows.stored_case import Typed
from harness.flows.together import lend_workers
from harness.flows.train_request import TrainRequest
from harness.progress import Silent
from harness.scratch import scratch_folder
from harness.session import Worker
from tests.mutants.steps.pair import OF_ADAM, OF_ADAMW, OF_SGD, Mistake

Workers = Mapping[str, Worker]
Row = dict[str, Any]
PAIRS = {"ADAM": ("adam", OF_ADAM), "ADAMW": ("groups", OF_ADAMW), "SGD": ("native sgd", OF_SGD)}


def compared(pair: str, training: str, folder: Path, workers: Workers, seed: int = 0) -> Alignment:
    """The steps of one training of the port."""
    name = f"tests.mutants.steps.pair:{pair}"
    request = TrainRequest(name, training, device="cpu", seed=seed, output=folder / "run")
    return compare_steps(request, Silent(), workers)


def cause_of(pair: str, alignment: Alignment, workers: Workers) -> str:
    """What is told of its wrong steps, which is one thing for all its sources."""
    found = explain_steps(alignment, Silent(), Typed(model=f"tests.mutants.steps.pair:{pair}"), workers)
    return " ".join(dict.fromkeys(source.cause for source in found.sources))


def is_right(mistake: Mistake, cause: str) -> bool:
    """Whether a cause is that of a mistake."""
    return any(re.search(words, cause) for words in mistake.says)


def is_wrong(mistake: Mistake, cause: str) -> bool:
    """Whether another cause is claimed: what is said to be fitted, or to be none, claims nothing."""
    claimed = not cause.startswith("none of") and "fitted" not in cause
    return claimed and not is_right(mistake, cause)


def measured(pair: str, mistake: Mistake, workers: Workers) -> Row:
    """One mistake."""
    with scratch_folder() as folder:
        alignment = compared(pair, mistake.name, folder, workers)
        cause = cause_of(pair, alignment, workers) if alignment.sources else ""
    return {
        "pair": pair,
        "training": mistake.name,
        "verdict": alignment.verdict,
        "detected": alignment.verdict == "diverged",
        "named": is_right(mistake, cause),
        "wrong": is_wrong(mistake, cause),
        "cause": cause,
    }


def sound(pair: str, training: str, seed: int, workers: Workers) -> Row:
    """A training without a mistake."""
    with scratch_folder() as folder:
        alignment = compared(pair, training, folder, workers, seed)
    return {"pair": pair, "training": training, "seed": seed, "verdict": alignment.verdict}


def main() -> None:
    """Measure all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=10)
    asked = parser.parse_args()
    rows = list[Row]()
    with lend_workers("cpu", 300.0) as workers:
        for row in _all(workers, asked.seeds):
            rows.append(row)
            print(json.dumps(row), flush=True)
            mistakes = [one for one in rows if "seed" not in one]
            counts = {name: sum(one[name] for one in mistakes) for name in ("detected", "named", "wrong")}
            sounds = [one for one in rows if "seed" in one]
            accused = sum(one["verdict"] != "aligned" for one in sounds)
            told = {
                "date": datetime.now(timezone.utc).date().isoformat(),
                "command": "python -m tests.mutants.steps.measure",
                "mistakes": {"planted": len(mistakes), **counts},
                "sound": {"trainings": len(sounds), "accused": accused},
                "rows": rows,
            }
            write_file(asked.out, json.dumps(told, indent=1) + "\n", replace=True)


def _all(workers: Workers, seeds: int) -> Iterator[Row]:
    for pair, (right, mistakes) in PAIRS.items():
        for mistake in mistakes:
            yield measured(pair, mistake, workers)
        for seed in range(seeds):
            yield sound(pair, right, seed, workers)


if __name__ == "__main__":
    main()
