"""Every text tells the same figures and counts, and shows what diverged, of every kind."""

from __future__ import annotations

import io
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from rich.console import Console

from harness.alignment import Alignment
from harness.figures import scientific
from harness.verdict import FixedPolicy, NoisePolicy, Policy
from reports import summaries
from reports.html import html
from reports.junit import junit
from reports.markdown import markdown
from reports.terminal import draw
from tests.unit.toy_network import Bench, scaled

KINDS = ("value", "shape", "missing", "integer", "nan", "input")


def made_up(bench: Bench, kind: str, policy: Policy) -> Alignment:
    port = bench.port({"layer:stem#0:out": scaled(1.01)} if kind == "value" else {})
    if kind == "shape":
        port = bench.port({"loss:total": scaled(1.1)})
        port.tensors["layer:act#0:out"] = port.array("layer:act#0:out").T.copy()
    if kind == "missing":
        port = port.without("output:0").without("layer:(model)/add.0")
    if kind == "integer":
        port = bench.port({"state:count": lambda x: x + 1})
    if kind == "nan":
        port = bench.port({"layer:head#0:out": lambda x: np.where(x > 0, np.nan, x)})
    if kind == "input":
        bench.toy.x[0, 0] += 0.01
        port = bench.port()
    return bench.compare(port, policy=policy)


@pytest.mark.parametrize("policy", [NoisePolicy(), FixedPolicy()], ids=["noise", "fixed"])
@pytest.mark.parametrize("kind", KINDS)
def test_all_texts_agree(tmp_path: Path, kind: str, policy: Policy) -> None:
    alignment = made_up(Bench(tmp_path), kind, policy)
    rows, bad = alignment.rows, [row for row in alignment.rows if row.verdict.status == "diverged"]
    console = Console(file=io.StringIO(), width=300)
    draw(alignment, console)
    terminal = console.file.getvalue()  # type: ignore[attr-defined]
    suite = ElementTree.fromstring(junit(alignment))
    expected = f"diverges from torch in {len(bad)} of {len(rows)} tensors"
    for text in (alignment.sentence, alignment.to_json(), terminal, markdown(alignment), html(alignment)):
        assert expected in text
    assert (suite.get("tests"), suite.get("failures")) == (str(len(rows)), str(len(bad)))
    assert sum(alignment.coverage.recorded.values()) == len(rows)
    for text in (terminal, markdown(alignment)):
        assert re.search(r"^\|? ?✘ .*(layer|output|loss|state|input|grad):", text, re.MULTILINE)
    assert alignment.worst in {row.address for row in bad}
    for row in rows:
        if row.verdict.ratio and row.measured is not None and not row.measured.difference.nonfinite:
            assert f"error {scientific(summaries.error(row))}" in row.verdict.reason
