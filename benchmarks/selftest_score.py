"""The harness's own score on the built-in pairs: mistakes planted, detected, located, named, as one file.

    python -m benchmarks.selftest_score --model l2sknet --out FILE [--variant V] [--size 32x32] [--sample N]

FILE keeps what it holds of other models. Each mistake's line is printed as soon as it is judged.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness import flows
from harness.flows import selftest
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


def summary(result: selftest.Result, variant: str, size: tuple[int, int] | None) -> dict[str, Any]:
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
    options = parser.parse_args()
    height, _, width = (options.size or "").partition("x")
    size = (int(height), int(width)) if width else None
    variant = find(options.model).variant(options.variant).name
    request = flows.CompareRequest(
        model=options.model, variant=variant, input_size=size, seed=options.seed, isolated="always"
    )
    result = selftest.selftest_pair(request, options.sample, 1, Silent(), _tell, options.seconds)
    known = json.loads(options.out.read_text(encoding="utf-8")) if options.out.exists() else {}
    known[f"{options.model} {variant}"] = summary(result, variant, size)
    options.out.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def _tell(row: FaultResult) -> None:
    print(json.dumps(row.to_dict()), flush=True)


if __name__ == "__main__":
    main()
