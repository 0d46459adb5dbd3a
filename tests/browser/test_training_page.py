"""The page of a training in a real browser: its charts are drawn, no other script runs, nothing overflows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.language import spoken
from reports.training_page import html
from tests.browser.browser import CHROMIUM, audited, opened
from tests.selection import others_slow
from tests.unit.reports.test_training import hostile, logged
from tests.unit.training import samples

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium"),
]


def test_every_chart_is_drawn_by_the_script_of_the_page_alone(tmp_path: Path) -> None:
    elements, logged_lines = opened(html(logged(tmp_path, samples.records())), tmp_path)
    drawn = re.findall(r'<div class="plot"[^>]*role="img"[^>]*aria-label="([^"]+)".*?<canvas', elements)
    assert [text.partition(".")[0] for text in drawn] == [
        "Loss", "Gap in the loss", "Distance of the weights", "IoU on the validation split", "Rates",
    ]  # fmt: skip
    assert "Content Security Policy" not in logged_lines
    assert "Uncaught" not in logged_lines


def test_a_stranger_s_log_runs_nothing(tmp_path: Path) -> None:
    elements, logged_lines = opened(html(logged(tmp_path, hostile())), tmp_path)
    assert "<canvas" in elements
    assert "Content Security Policy" not in logged_lines
    assert "Uncaught" not in logged_lines


@pytest.mark.parametrize("language", others_slow(["en", "zh"], "en"))
@pytest.mark.parametrize("scheme", others_slow(["light", "dark"], "dark"))
def test_axe_finds_nothing_and_nothing_overflows(tmp_path: Path, scheme: str, language: str) -> None:
    with spoken(language):
        page = html(logged(tmp_path, samples.records()))
    assert audited(page, tmp_path, scheme) == {}
