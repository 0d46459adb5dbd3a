"""From opening the page to the layer with a planted fault: two clicks at most."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.html import html
from tests.browser.browser import CHROMIUM
from tests.browser.clicks import clicks
from tests.browser.test_report_page import found_out
from tests.mutants.in_this_process import comparing
from tests.mutants.pairs import MUTANTS
from tests.mutants.test_mutants import compared
from tests.mutants.test_odd import FAULTS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.torch,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium"),
]
ODD = ("doubled.outer", "indices.transposed_axis", "twice.thrice", "conditional.never", "resized.pool")


def test_faults_of_small_networks(tmp_path: Path) -> None:
    with comparing("tests.mutants.odd.pair:PAIR", tmp_path / "runs") as run:
        pages = {name: (html(run(name, "eval")), FAULTS[name][1]) for name in ODD}
    found = clicks(pages, tmp_path)
    assert all(number in (1, 2) for number in found.values()), found


def test_what_no_link_leads_to_is_not_found(tmp_path: Path) -> None:
    assert clicks({"a": (html(found_out()), "backbone.stage1.conv")}, tmp_path) == {"a": None}


@pytest.mark.jittor
def test_faults_of_a_published_network(tmp_path: Path) -> None:
    pages = {}
    for mutant in MUTANTS:
        model = f"tests.mutants.pairs:{mutant.name.upper()}"
        (tmp_path / mutant.name).mkdir()
        found = compared(model, mutant.variant, tmp_path / mutant.name, mutant.mode)
        pages[mutant.name] = (html(found), mutant.layer)
    counted = clicks(pages, tmp_path)
    assert all(number in (1, 2) for number in counted.values()), counted
