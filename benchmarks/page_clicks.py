"""How many clicks it takes from opening a page to the layer with a planted fault, for mutants of L2SKNet.

python -m benchmarks.page_clicks --out clicks.json
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from pathlib import Path

from reports.html import html
from tests.browser.clicks import clicks
from tests.mutants.pairs import MUTANTS, Mutant
from tests.mutants.test_mutants import compared


def counted(mutant: Mutant, folder: Path) -> dict[str, object]:
    """One row."""
    found = compared(f"tests.mutants.pairs:{mutant.name.upper()}", mutant.variant, folder, mutant.mode)
    number = clicks({mutant.name: (html(found), mutant.layer)}, folder)[mutant.name]
    return {
        "fault": mutant.name, "mode": mutant.mode, "layer": mutant.layer, "tensors": len(found.rows),
        "diverged": sum(row.verdict.status == "diverged" for row in found.rows), "clicks": number,
    }  # fmt: skip


def main() -> None:
    """Count for each; what is done is kept after every row."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    rows: list[dict[str, object]] = []
    for mutant in MUTANTS:
        with tempfile.TemporaryDirectory() as place:
            rows.append(counted(mutant, Path(place)))
        print(rows[-1], flush=True)
        kept = {"date": time.strftime("%Y-%m-%d"), "machine": platform.platform(), "rows": rows}
        given.out.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
