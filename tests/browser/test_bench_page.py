"""The page of a measurement in a real browser: its charts are drawn, no other script runs, it fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.language import spoken
from reports.bench_page import html
from tests.browser.browser import CHROMIUM, audited, opened
from tests.selection import others_slow
from tests.unit.bench.samples import several
from tests.unit.reports.test_bench_page import hostile

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium"),
]


def test_every_chart_is_drawn_whatever_the_texts_and_figures_are(tmp_path: Path) -> None:
    for found, charts in ((several(), 5), (hostile(), 3)):
        elements, logged = opened(html(found), tmp_path)
        assert elements.count("<canvas") >= charts
        assert "Content Security Policy" not in logged
        assert "Uncaught" not in logged


@pytest.mark.parametrize("language", others_slow(["en", "zh"], "zh"))
@pytest.mark.parametrize("scheme", others_slow(["light", "dark"], "light"))
def test_axe_finds_nothing_and_nothing_overflows(tmp_path: Path, scheme: str, language: str) -> None:
    with spoken(language):
        page = html(several())
    assert audited(page, tmp_path, scheme) == {}
