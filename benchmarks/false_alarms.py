"""How often the harness cries wolf: sound ports compared over many variants, modes, sizes and seeds.

    python -m benchmarks.false_alarms --out FILE [--model PAIR ...] [--variant V ...] [--most N] [--seconds S]
                                      [--first-seed N] [--last-seed N] [--isolated always|auto]
                                      [--against port|itself] [--dropout shared|off]

PAIR is whatever `align compare --model` takes; without it, the built-in pairs and those of examples/zoo.
`--against itself` puts the reference's own network in the port's place, with convolutions that round
otherwise: what differs then is rounding for certain.
Each comparison is the whole of `align compare --isolated always`, or auto: then layers run alone only where
something diverges. Its line goes to the log as soon as it is known, so that a run that is cut short counts
as far as it came. FILE is written anew after each.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path
from typing import Any

from harness import pairs
from harness.errors import BadInput, HarnessError
from harness.flows.compare import compare
from harness.flows.request import CompareRequest
from harness.flows.together import lend_workers
from harness.pairs.base import InputRequest, Mode
from harness.progress import Silent
from harness.scratch import scratch_folder
from harness.session import DEFAULT_TIMEOUT

_FRESH_AFTER = 60  # comparisons, after which the workers are replaced
_SIZES: dict[str, dict[Mode, list[tuple[int, int]]]] = {
    "l2sknet": {"eval": [(32, 32), (48, 48), (64, 64)], "train": [(32, 32)]},
    "led": {"eval": [(32, 32), (48, 64)], "train": [(32, 32)]},
    "cpanet": {"eval": [(64, 64)], "train": [(64, 64)]},
    "gold_yolo": {"eval": [(64, 64), (64, 96)], "train": [(96, 96)], "frozen": [(64, 64)]},
}
_OWN_SIZE: dict[Mode, list[tuple[int, int] | None]] = {"eval": [None], "train": [None]}


@dataclass(frozen=True)
class Kind:
    """One kind of comparison; its seeds are what varies."""

    model: str
    variant: str
    mode: Mode
    size: tuple[int, int] | None


def kinds(models: list[str], only: list[str] | None = None) -> list[Kind]:
    """What is compared, small: every published variant or those named, in training where that is cheap."""
    return [
        Kind(model, variant, mode, size)
        for model in models
        for mode, sizes in _SIZES.get(model, _OWN_SIZE).items()
        for variant in _variants(model, only)
        for size in sizes
        if _takes(model, variant, mode, size)
    ]


def _zoo() -> list[str]:
    """The small pairs of examples/zoo; the classifiers need another environment, and differ in training."""
    folder = Path("examples", "zoo")
    return [str(path) for path in sorted(folder.glob("*_pair.py")) if path.stem != "classifiers_pair"]


def _variants(model: str, only: list[str] | None) -> list[str]:
    """Those named; else the published ones, or all where a pair is nobody's publication."""
    known = pairs.find(model).variants
    if only:
        return [name for name in known if name in only]
    return [name for name, variant in known.items() if variant.upstream] or list(known)


def _takes(model: str, variant: str, mode: Mode, size: tuple[int, int] | None) -> bool:
    """Whether the pair has inputs for this; not all variants have a loss to train with."""
    pair = pairs.find(model)
    try:
        pair.draw_inputs(InputRequest(pair.variant(variant), mode, 0, size=size))
    except BadInput:
        return False
    return True


def _lend(against: str) -> AbstractContextManager[Any]:
    """The two workers: a port's beside its reference's, or two of the reference."""
    if against == "port":
        return lend_workers("cpu", DEFAULT_TIMEOUT)
    from tests.mutants import side_by_side

    return side_by_side.lend_workers("cpu", DEFAULT_TIMEOUT)


def cases(first_seed: int, last_seed: int | None, kinds: list[Kind]) -> Iterator[tuple[Kind, int]]:
    """Every kind with the first seed, then every kind with the next."""
    for seed in count(first_seed) if last_seed is None else range(first_seed, last_seed + 1):
        for kind in kinds:
            yield kind, seed


def main() -> None:
    """Compare until the count or the time is reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.false_alarms")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", nargs="+", default=[*_SIZES, *_zoo()])
    parser.add_argument("--most", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--variant", nargs="+")
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--last-seed", type=int)
    parser.add_argument("--isolated", choices=["always", "auto"], default="always")
    parser.add_argument("--against", choices=["port", "itself"], default="port")
    parser.add_argument("--dropout", choices=["shared", "off"], default="shared")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    started = time.monotonic()
    listed = cases(options.first_seed, options.last_seed, kinds(options.model, options.variant))
    waiting = list(islice(listed, options.most))
    while len(rows) < len(waiting) and time.monotonic() - started < options.seconds:
        with _lend(options.against) as workers:
            for kind, seed in waiting[len(rows) : len(rows) + _FRESH_AFTER]:
                row = _one(kind, seed, workers, options)
                rows.append(row)
                print(json.dumps(row), flush=True)
                options.out.write_text(json.dumps(_summary(rows), indent=1) + "\n", encoding="utf-8")
                if row["verdict"] == "failed" or time.monotonic() - started > options.seconds:
                    break


def _one(kind: Kind, seed: int, workers: Any, options: argparse.Namespace) -> dict[str, Any]:
    case = {"model": kind.model, "variant": kind.variant, "mode": kind.mode, "size": kind.size, "seed": seed}
    started = time.monotonic()
    with scratch_folder() as folder:
        request = CompareRequest(
            model=kind.model,
            variant=kind.variant,
            mode=kind.mode,
            input_size=kind.size,
            seed=seed,
            isolated=options.isolated,
            dropout=options.dropout,
            keep="none",
            output=folder / "run",
        )
        try:
            alignment = compare(request, Silent(), workers=workers)
        except HarnessError as error:
            return {**case, "verdict": "failed", "sentence": str(error)[:300], "seconds": 0.0}
    said = "" if alignment.verdict == "aligned" else alignment.sentence
    seconds = round(time.monotonic() - started, 2)
    versions = {name: side.versions for name, side in alignment.sides.items()}
    judged = {"tensors": len(alignment.rows), "alone": alignment.isolated.judged or 0}
    return {**case, "verdict": alignment.verdict, **judged, "sentence": said, "seconds": seconds,
            "versions": versions}  # fmt: skip


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    counts = Counter(row["verdict"] for row in rows)
    by_kind = Counter(
        f"{row['model']} {row['variant']} {row['mode']}" for row in rows if row["verdict"] != "failed"
    )
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "command": "python -m benchmarks.false_alarms " + " ".join(sys.argv[1:]),
        "comparisons": len(rows) - counts["failed"],
        "false_alarms": counts["diverged"],
        "inconclusive": counts["inconclusive"],
        "failed": counts["failed"],
        "tensors": sum(row.get("tensors", 0) + row.get("alone", 0) for row in rows),
        "versions": next((row["versions"] for row in rows if row.get("versions")), {}),
        "by_kind": dict(by_kind),
        "seeds": sorted({row["seed"] for row in rows}),
        "alarms": [row for row in rows if row["verdict"] != "aligned"],
    }


if __name__ == "__main__":
    main()
