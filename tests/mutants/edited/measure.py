"""What becomes of each edit between two processes: detected, located, named, or named wrongly.

By hand: `./run python -m tests.mutants.edited.measure --out FILE [--mode eval train] [NAME...]`, where a name
is one of an edit or of a port. FILE is written anew after each edit; what it already holds is not run again.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.alignment_rows import Source
from harness.errors import HarnessError
from harness.files import write_file
from harness.flows import CompareRequest, explain
from harness.flows.compare import compare_live
from harness.flows.comparison import Workers, comparison
from harness.flows.together import lend_workers
from harness.pairs.base import Mode
from harness.progress import Silent
from harness.scratch import scratch_folder
from tests.mutants.edited.edit import MODELS, Edit
from tests.mutants.edited.pair import EDITS, name_of
from tests.mutants.ported.measure import outcome_of
from tests.mutants.ported.mistakes import Ported

COLUMNS = ("detected", "located", "named", "wrong")
_FRESH_AFTER = 8  # comparisons, after which the workers are replaced
Row = dict[str, Any]


def measured(edit: Edit, mode: Mode, workers: Workers) -> Row:
    """One edit compared and explained: the verdict and its sources."""
    corrected = mode == "train" and edit.port.startswith(MODELS)
    variant = f"{edit.full_name}[torchlike=1]" if corrected else edit.full_name
    row: Row = {"port": edit.port, "edit": edit.full_name, "truth": edit.truth, "mode": mode}
    with scratch_folder() as folder:
        asked = CompareRequest(name_of(edit), variant, mode=mode, device="cpu", output=folder / "run")
        asked = replace(asked, keep="none", isolated="always")
        try:
            with comparison(asked, Silent(), workers) as live:
                compared = compare_live(live)
                explain.add_causes(compared)
        except HarnessError as error:
            return {**row, "verdict": "refused", "sentence": str(error), "sources": []}
    found = compared.alignment
    sources = [
        {"address": one.address, "layers": one.layers, "text": one.text, "cause": one.cause}
        for one in found.sources
    ]
    return {**row, "verdict": found.verdict, "sentence": found.sentence, "sources": sources}


def judged(row: Row) -> Row:
    """A row with what became of its edit."""
    edit = next(edit for edit in EDITS if edit.full_name == row["edit"])
    known = Ported(edit.port, edit.name, "", edit.truth, edit.places, edit.says, row["mode"])
    sources = [
        Source(one["address"], "forward", one["layers"], one["text"], None, one["cause"] or "")
        for one in row["sources"]
    ]
    if row["verdict"] == "refused":  # before anything ran; what it says may name the place
        says = any(re.search(words, row["sentence"]) for words in edit.says)
        return {**row, "detected": says, "located": says, "named": says, "wrong": False}
    found = outcome_of(known, row["verdict"], sources)
    return {**row, **{name: getattr(found, name) for name in COLUMNS}}


def table(rows: list[Row]) -> dict[str, dict[str, int]]:
    """Counts by mode."""
    return {
        mode: {
            "mistakes": len(own),
            "refused": sum(row["verdict"] == "refused" for row in own),
            **{name: sum(row[name] for row in own) for name in COLUMNS},
        }
        for mode in ("eval", "train")
        for own in [[row for row in rows if row["mode"] == mode]]
    }


def main() -> None:
    """Measure what is asked for and not known yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--mode", nargs="+", default=["eval", "train"], choices=["eval", "train"])
    asked = parser.parse_args()
    rows: list[Row] = json.loads(asked.out.read_text("utf-8"))["rows"] if asked.out.exists() else []
    known = {(row["edit"], row["mode"]) for row in rows}
    _write(asked.out, rows)
    waiting = [one for one in _asked(asked) if (one[0].full_name, one[1]) not in known]
    while waiting:
        with lend_workers("cpu", 300.0) as workers:
            for edit, mode in waiting[:_FRESH_AFTER]:
                waiting.pop(0)
                row = measured(edit, mode, workers)
                rows.append(row)
                print(json.dumps(row), flush=True)
                _write(asked.out, rows)
                if row["verdict"] == "refused":
                    break


def _write(path: Path, rows: list[Row]) -> None:
    """The rows judged anew: what a right place or a right cause is may have been said better since."""
    rows = [judged(row) for row in rows]
    told = {"date": datetime.now(UTC).date().isoformat(), "counts": table(rows), "rows": rows}
    write_file(path, json.dumps(told, indent=1) + "\n", replace=True)


def _asked(asked: argparse.Namespace) -> Iterator[tuple[Edit, Mode]]:
    for mode in asked.mode:
        for edit in EDITS:
            names = {edit.name, edit.full_name, edit.port.removeprefix(MODELS)}
            if mode in edit.modes and (not asked.names or names & set(asked.names)):
                yield edit, mode


if __name__ == "__main__":
    main()
