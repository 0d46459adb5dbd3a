"""The score: what becomes of each blind mistake between two processes.

By hand: `./run python -m tests.mutants.blind.score --out FILE [--only NAME...]`, where a name is one of a
mistake or of a pair. FILE is written anew after each mistake; what it already holds is not run again.

`detected`: the verdict is diverged. `located`: there are sources, and each of them lies at a place that was
written down. `named`: a cause holds words that were written down. `wrong`: a cause is claimed, and no
source's is right; what is told to be fitted claims none. A mistake that is refused before anything runs is
judged by the words of the refusal. A sound rewrite is `accused` where it is diverged or has
a source.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from harness.alignment_rows import Source
from harness.choices import Isolation
from harness.errors import HarnessError
from harness.files import write_file
from harness.flows import CompareRequest, explain
from harness.flows.compare import compare_live
from harness.flows.comparison import Workers, comparison
from harness.flows.together import lend_workers
from harness.progress import Silent
from harness.scratch import scratch_folder
from tests.mutants.blind.lists import MISTAKES
from tests.mutants.blind.mistake import Blind
from tests.mutants.blind.pair import name_of
from tests.mutants.ported.measure import outcome_of
from tests.mutants.ported.mistakes import Ported

COLUMNS = ("detected", "located", "named", "wrong")
_FRESH_AFTER = 8  # comparisons, after which the workers are replaced
Row = dict[str, Any]


def request_of(mistake: Blind, folder: Path, isolated: Isolation | None = None) -> CompareRequest:
    """The comparison that shows a mistake."""
    return CompareRequest(
        name_of(mistake),
        mistake.variant,
        mode=mistake.mode,
        device="cpu",
        input_size=mistake.size,
        batch=mistake.batch,
        output=folder / "run",
        keep="none",
        isolated=isolated or ("auto" if mistake.sound else "always"),
        timeout=300.0,
    )


def measured(mistake: Blind, workers: Workers, isolated: Isolation | None = None) -> Row:
    """One mistake compared and explained as `align explain` does it: the verdict and its sources."""
    row: Row = {"name": mistake.name, "pair": mistake.pair, "kind": mistake.kind, "truth": mistake.truth}
    started = time.perf_counter()
    with scratch_folder() as folder:
        try:
            with comparison(request_of(mistake, folder, isolated), Silent(), workers) as live:
                compared = compare_live(live)
                row["compare_s"] = round(time.perf_counter() - started, 1)
                started = time.perf_counter()
                explain.add_causes(compared, None, max(explain.LEAST_SECONDS, row["compare_s"]))
                row["explain_s"] = round(time.perf_counter() - started, 1)
        except HarnessError as error:
            return {**row, "verdict": "refused", "sentence": str(error), "sources": []}
    found = compared.alignment
    sources = [
        {"address": one.address, "layers": one.layers, "text": one.text, "cause": one.cause}
        for one in found.sources
    ]
    row["stopped"] = any(side.status == "failed" for side in found.sides.values())
    return {**row, "verdict": found.verdict, "sentence": found.sentence, "sources": sources}


def judged(row: Row) -> Row:
    """A row with what became of its mistake."""
    mistake = next(one for one in MISTAKES if one.name == row["name"])
    if mistake.sound:
        return {**row, "accused": row["verdict"] == "diverged" or bool(row["sources"])}
    says = tuple(f"(?i){words}" for words in mistake.says)
    if row["verdict"] == "refused":
        right = any(re.search(words, row["sentence"]) for words in says)
        return {**row, "detected": True, "located": right, "named": right, "wrong": False}
    known = Ported(mistake.pair, mistake.name, "", mistake.truth, mistake.places, says, mistake.mode)
    sources = [
        Source(one["address"], "forward", _places(one), one["text"], None, _cause(one))
        for one in row["sources"]
    ]
    found = outcome_of(known, row["verdict"], sources)
    return {**row, **{name: getattr(found, name) for name in COLUMNS}}


def _places(source: Row) -> list[str]:
    """The layers that a source names, and the layer of its address."""
    return [*source["layers"], source["address"].removeprefix("layer:").partition("#")[0]]


def _cause(source: Row) -> str:
    """The cause, without the names of its own place: a word that is in them alone says nothing."""
    cause: str = source["cause"] or ""
    for name in sorted({source["address"], *_places(source)}, key=len, reverse=True):
        cause = cause.replace(name, "it")
    return cause


def table(rows: Sequence[Row]) -> dict[str, dict[str, int]]:
    """Counts by pair, and of all."""
    mistakes = [row for row in rows if "accused" not in row]
    counts = {}
    for pair in (*dict.fromkeys(row["pair"] for row in mistakes), "all"):
        own = [row for row in mistakes if pair in (row["pair"], "all")]
        counts[pair] = {"mistakes": len(own), **{name: sum(row[name] for row in own) for name in COLUMNS}}
    sound = [row["accused"] for row in rows if "accused" in row]
    return {**counts, "sound rewrites": {"rewrites": len(sound), "accused": sum(sound)}}


def main() -> None:
    """Measure what is asked for and not known yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    asked = parser.parse_args()
    rows: list[Row] = json.loads(asked.out.read_text("utf-8"))["rows"] if asked.out.exists() else []
    known = {row["name"] for row in rows}
    waiting = [
        one
        for one in MISTAKES
        if one.name not in known and (not asked.only or {one.name, one.pair} & set(asked.only))
    ]
    while waiting:
        with lend_workers("cpu", 300.0) as workers:
            for mistake in waiting[:_FRESH_AFTER]:
                waiting.pop(0)
                row = measured(mistake, workers)
                rows.append(row)
                _write(asked.out, rows)
                print(json.dumps(judged(row)), flush=True)
                if row["verdict"] == "refused" or row["stopped"]:
                    break  # these workers have ended


def _write(path: Path, rows: Sequence[Row]) -> None:
    rows = [judged(row) for row in rows]
    told = {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "python": platform.python_version(),
        "counts": table(rows),
        "rows": rows,
    }
    write_file(path, json.dumps(told, indent=1) + "\n", replace=True)


if __name__ == "__main__":
    main()
