"""A stored alignment with any one field made odd: every reader copes, or says in words what is wrong."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import reports
from harness.alignment import Alignment
from harness.alignment_rows import Isolated, IsolatedRun, Row, Source
from harness.comparing import rejudge
from harness.costs import Spent
from harness.coverage import CaseDifference, Gap
from harness.errors import BadInput
from harness.pairs.base import Override
from harness.verdict import FixedPolicy, MetricPolicy, NoisePolicy
from reports.terminal import draw, draw_row
from tests.unit.changed import GONE, changed
from tests.unit.reports import samples

Path_ = tuple[Any, ...]


def full() -> Alignment:
    """An alignment with something in every field."""
    rows = [samples.row("layer:a#0:out", 0, 1e-3), samples.row("output:0", 1)]
    made = samples.alignment(rows)
    assert rows[0].measured is not None
    rows[0].isolated = Isolated(rows[0].measured, rows[0].verdict)
    made.sources = [Source("layer:a#0:out", "forward", ["a"], "text", 2.0, "cause", ["norm-one-pass"])]
    made.overrides = [Override("grad:*", "fixed", "because", 1e-3, 1e-4)]
    made.isolated = IsolatedRun(ran=True, judged=3)
    made.sides["jittor"].cost = Spent(wall=0.5, cpu=0.5, peak_bytes=7)
    made.coverage.weak, made.coverage.fallback = ["output:0"], ["output:0"]
    made.coverage.case_differences = [CaseDifference("seed", 0, 1)]
    made.coverage.skipped = [Gap("output:0", "told so")]
    return made


WHOLE: dict[str, Any] = json.loads(full().to_json())


def places(data: Any, at: Path_ = ()) -> Iterator[Path_]:
    """The way to every value; of a list that to its first item stands for the others."""
    if at:
        yield at
    items = data.items() if isinstance(data, dict) else enumerate(data[:1]) if isinstance(data, list) else ()
    for key, value in items:
        yield from places(value, (*at, key))


def deep(levels: int) -> Any:
    found: Any = 0
    for _ in range(levels):
        found = [found]
    return found


FEW: list[Any] = [-1, "text", [], GONE]
MORE: list[Any] = [
    None, True, 10**19, -1e308, "", {}, [1, "a"], {"$float": []}, "\x1b[31m\u202e", deep(70), deep(400),
]  # fmt: skip


def use(alignment: Alignment, folder: Path, rows: list[Row]) -> None:
    """Everything that is done with a stored alignment without running anything; `rows` are shown alone."""
    for policy in (NoisePolicy(), FixedPolicy(), MetricPolicy()):
        try:
            rejudge(alignment, policy).to_json()
        except BadInput:
            continue
    console = Console(file=io.StringIO(), width=80)
    draw(alignment, console, "")
    for row in rows:
        draw_row(row, console)
    for ending in ("html", "md", "xml", "json"):
        reports.write(alignment, folder / f"r.{ending}", replace=True)


@pytest.mark.parametrize(
    "values", [pytest.param(FEW, id="few"), pytest.param(MORE, id="more", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("at", list(places(WHOLE)), ids=lambda at: ".".join(map(str, at)))
def test_one_odd_field(at: Path_, values: list[Any], tmp_path: Path) -> None:
    refused = 0
    for value in values:
        try:
            alignment = Alignment.from_json(json.dumps(changed(WHOLE, at, value)))
        except BadInput:
            refused += 1
        else:
            use(alignment, tmp_path, alignment.rows[:1] if at[0] == "rows" else [])
    free = at[0] in ("case", "policy") or at[-1] in ("reference", "candidate", "port")
    assert refused or free or "versions" in at


def test_the_alignment_itself_is_read_and_drawn(tmp_path: Path) -> None:
    alignment = Alignment.from_json(json.dumps(WHOLE))
    use(alignment, tmp_path, alignment.rows)
