"""The notebook in examples/ runs from its first cell to its last, and shows what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT

NOTEBOOK = ROOT / "examples" / "live_modules.ipynb"
# What a notebook does: the cells one after another, the value of a last expression shown.
PROGRAM = """
import ast, json, sys
names = {"__name__": "__main__"}
for cell in json.load(open(sys.argv[1], encoding="utf-8"))["cells"]:
    if cell["cell_type"] != "code":
        continue
    print("cell", cell["id"])
    tree = ast.parse("".join(cell["source"]))
    shown = ast.Expression(tree.body.pop().value) if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, cell["id"], "exec"), names)
    value = shown and eval(compile(shown, cell["id"], "eval"), names)
    if value is not None:
        print(value._repr_html_() if hasattr(value, "_repr_html_") else repr(value))
"""


def cells() -> list[dict[str, Any]]:
    """Its cells."""
    return list(json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"])


def test_it_is_kept_without_results() -> None:
    written = [cell for cell in cells() if cell["cell_type"] == "code"]
    assert len(written) >= 5
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in written)
    assert len({cell["id"] for cell in cells()}) == len(cells())


@pytest.mark.torch
@pytest.mark.jittor
def test_it_runs_and_shows_what_it_says(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(NOTEBOOK)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    shown = dict(part.split("\n", 1) for part in done.stdout.split("cell ")[1:])
    assert shown["sound"].startswith("jittor agrees with torch in all of")
    assert "<" in shown["shown"]
    assert shown["wrong"].startswith("diverged layer:1#0:out\nlayer:1#0:out")
    assert "diverge" in shown["guard"].lower()
    assert shown["names"].startswith("aligned ")
