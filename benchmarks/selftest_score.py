"""The harness's own score on the built-in pairs: mistakes planted, detected, located, named, as one file.

    python -m benchmarks.selftest_score --model l2sknet --out FILE [--variant V] [--size 32x32] [--sample N]
    python -m benchmarks.selftest_score --train --model l2sknet --out FILE [--steps N] [--batch N] [...]

With --train the mistakes are in training, one of each kind where no --sample says how many. FILE keeps what
it holds of other models. Each mistake's line is printed as soon as it is judged.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness import flows
from harness.flows import selftest
from harness.flows.selftest_training import STEPS, selftest_training
from harness.flows.train_request import TrainRequest
from harness.pairs import find
from harness.progress import Silent
from harness.selftest import FaultResult

COUNTED = ("planted", "detected", "located", "named")


def counts(rows: Iterable[FaultResult]) -> dict[str, int]:
    """How many of those that ran were detected, located and named."""
    ran = [row for row in rows if row.ran]
    return {
        "planted": len(ran),
        **{name: sum(bool(getattr(row, name)) for row in ran) for name in COUNTED[1:]},
    }


def summary(result: selftest.SelftestScore, variant: str, size: tuple[int, int] | None) -> dict[str, Any]:
    """The counts of one model by group and by kind, and every row that is not perfect."""
    rows = result.rows
    groups = sorted({row.mistake.group for row in rows})
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "variant": variant,
        "size": size,
        "score": result.score.to_dict(),
        "groups": {group: counts(row for row in rows if row.mistake.group == group) for group in groups},
        "kinds": selftest.by_kind(rows),
        "without_effect": sum(not row.ran for row in rows),
        "imperfect": [row.to_dict() for row in rows if row.ran and not (row.located and row.named)],
        "not_run": [row.to_dict() for row in rows if not row.ran],
        "alarms": result.alarms,
        "versions": result.versions,
        "seconds": round(result.seconds, 1),
    }


def main() -> None:
    """Score one model and write the file anew."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.selftest_score")
    parser.add_argument("--model", required=True)
    parser.add_argument("--variant", default=None)
    parser.add_argument("--size", default=None)
    parser.add_argument("--sample", type=int, default=None)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--batch", type=int, default=None)
    options = parser.parse_args()
    height, _, width = (options.size or "").partition("x")
    size = (int(height), int(width)) if width else None
    variant = find(options.model).variant(options.variant).name
    result = _in_training(options, variant, size) if options.train else _in_passes(options, variant, size)
    known = json.loads(options.out.read_text(encoding="utf-8")) if options.out.exists() else {}
    known[f"{options.model} {variant}"] = {
        "command": f"python -m benchmarks.selftest_score {shlex.join(sys.argv[1:])}",
        **summary(result, variant, size),
    }
    options.out.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def _in_passes(
    options: argparse.Namespace, variant: str, size: tuple[int, int] | None
) -> selftest.SelftestScore:
    request = flows.CompareRequest(
        model=options.model, variant=variant, input_size=size, seed=options.seed, isolated="always"
    )
    return selftest.selftest_pair(request, options.sample, 1, Silent(), _tell, options.seconds)


def _in_training(
    options: argparse.Namespace, variant: str, size: tuple[int, int] | None
) -> selftest.SelftestScore:
    request = TrainRequest(
        options.model, variant, seed=options.seed, input_size=size, batch=options.batch, steps=options.steps,
        loaders=0,
    )  # fmt: skip
    return selftest_training(request, options.sample, 1, Silent(), _tell)


def _tell(row: FaultResult) -> None:
    print(json.dumps(row.to_dict()), flush=True)


if __name__ == "__main__":
    main()
