"""What the pairs of examples/zoo end with: each variant in evaluation and in training, as one table.

    python -m benchmarks.zoo --out FILE [--model PAIR ...] [--variant V ...] [--mode eval train]
                             [--kept FOLDER]

FILE is written anew after each comparison; those that it already holds are not run again. `--kept` is where
each alignment.json goes. A pair whose reference needs an environment of its own takes it from
ALIGN_TORCH_PYTHON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness import pairs
from harness.alignment import Alignment
from harness.errors import HarnessError
from harness.files import write_file
from harness.flows.compare import compare
from harness.flows.request import CompareRequest
from harness.flows.together import lend_workers
from harness.pairs.base import Mode
from harness.progress import Silent
from harness.scratch import scratch_folder
from harness.session import DEFAULT_TIMEOUT

ZOO = Path(__file__).parents[1] / "examples" / "zoo"
_FRESH_AFTER = 8  # comparisons, after which the workers are replaced: each model stays in memory for a while
Row = dict[str, Any]


def main() -> None:
    """Compare what is asked for and not known yet."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.zoo")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", nargs="+", default=[str(path) for path in sorted(ZOO.glob("*_pair.py"))])
    parser.add_argument("--variant", nargs="+")
    parser.add_argument("--mode", nargs="+", default=["eval", "train"], choices=["eval", "train"])
    parser.add_argument("--kept", type=Path)
    asked = parser.parse_args()
    rows: list[Row] = json.loads(asked.out.read_text("utf-8"))["rows"] if asked.out.exists() else []
    known = {(row["pair"], row["variant"], row["mode"]) for row in rows}
    waiting = [case for case in _cases(asked) if (Path(case[0]).stem, *case[1:]) not in known]
    while waiting:
        with lend_workers("cpu", DEFAULT_TIMEOUT) as workers:
            for model, variant, mode in waiting[:_FRESH_AFTER]:
                waiting.pop(0)
                row = _one(model, variant, mode, workers, asked.kept)
                rows.append(row)
                print(json.dumps(row), flush=True)
                _write(asked.out, rows)
                if row["verdict"] == "failed":
                    break


def _cases(asked: argparse.Namespace) -> Iterator[tuple[str, str, Mode]]:
    for model in asked.model:
        declared = pairs.find(model).variants
        for variant in asked.variant or declared:
            if variant.partition("[")[0] in declared:
                for mode in asked.mode:
                    yield model, variant, mode


def _one(model: str, variant: str, mode: Mode, workers: Any, kept: Path | None) -> Row:
    started = time.monotonic()
    row: Row = {"pair": Path(model).stem, "variant": variant, "mode": mode}
    with scratch_folder() as folder:
        request = CompareRequest(model, variant, mode=mode, device="cpu", keep="none", output=folder / "run")
        try:
            alignment = compare(request, Silent(), workers=workers)
        except HarnessError as error:
            return {**row, "verdict": "failed", "sentence": str(error)}
    if kept is not None:
        alignment.save(kept / f"{row['pair']}-{variant}-{mode}.json", replace=True)
    return {**row, **_figures(alignment), "seconds": round(time.monotonic() - started, 1)}


def _figures(alignment: Alignment) -> Row:
    """The part of an alignment that a table needs."""
    return {
        "verdict": alignment.verdict,
        "sentence": alignment.sentence,
        "rows": len(alignment.rows),
        "diverged": sum(row.verdict.status == "diverged" for row in alignment.rows),
        "first": alignment.first,
        "compared": alignment.coverage.compared,
        "recorded": alignment.coverage.recorded,
        "sources": [
            {"address": source.address, "direction": source.direction, "layers": source.layers}
            for source in alignment.sources
        ],
        "versions": {name: side.versions for name, side in alignment.sides.items()},
    }


def _write(path: Path, rows: list[Row]) -> None:
    data = {"date": datetime.now(UTC).date().isoformat(), "comparisons": len(rows), "rows": rows}
    write_file(path, json.dumps(data, indent=1) + "\n", replace=True)


if __name__ == "__main__":
    main()
