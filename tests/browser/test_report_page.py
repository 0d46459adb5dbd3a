"""The HTML report in a real browser: its script sorts and filters, and the page lets no other run."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from reports.html import html
from tests.unit.reports import samples

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium"),
]


def opened(page: str, folder: Path) -> tuple[str, str]:
    """The page's elements after its scripts have run, and what the browser logged."""
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    command += [f"--user-data-dir={folder / 'profile'}", "--dump-dom", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, done.stderr


def acted(script: str, folder: Path) -> list[tuple[bool, str]]:
    """The rows of the table after a user did something: whether each is hidden, and its address."""
    page = re.sub(r"<meta http-equiv[^>]*>", "", html(samples.diverging()))
    elements, _ = opened(page.replace("</body>", f"<script>{script}</script></body>"), folder)
    rows = re.findall(r"<tr class=[^>]*data-status=[^>]*>.*?<code>.*?</code>", elements, re.DOTALL)
    return [("hidden=" in row.partition(">")[0], re.search(r"<code>(.*?)</code>", row)[1]) for row in rows]


def test_the_policy_of_the_page_lets_its_own_script_run_and_no_other(tmp_path: Path) -> None:
    page = html(samples.hostile())
    assert "Content Security Policy" not in opened(page, tmp_path)[1]
    assert (
        "Content Security Policy" in opened(page.replace("</body>", "<script>1</script></body>"), tmp_path)[1]
    )


def test_a_click_on_a_heading_sorts(tmp_path: Path) -> None:
    click = 'document.querySelectorAll("#rows th")[4].click();'
    worst_first = [address for _, address in acted(click, tmp_path)]
    assert worst_first[0] == samples.diverging().worst
    assert worst_first[-1] == "layer:extra#0:out"
    assert [address for _, address in acted(click * 2, tmp_path)][-1] == samples.diverging().worst


def test_search_and_verdict_filter(tmp_path: Path) -> None:
    search = 'search.value = "STAGE3"; search.dispatchEvent(new Event("input"));'
    assert [address for hidden, address in acted(search, tmp_path) if not hidden] == [
        "layer:backbone.stage3.conv#0:out"
    ]
    choose = 'document.getElementById("status").value = "diverged";'
    choose += 'document.getElementById("status").dispatchEvent(new Event("change"));'
    assert sum(not hidden for hidden, _ in acted(choose, tmp_path)) == 10
