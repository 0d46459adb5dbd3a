"""The page of an evaluation in a real browser: pictures side by side, under a slider, apart; it fits."""

from __future__ import annotations

import html as escaping
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.evaluating.picture_files import NOISE, PANELS, file_name
from harness.language import spoken
from reports.evaluation_page import html
from tests.browser.browser import CHROMIUM, audited, opened, unlocked
from tests.selection import others_slow
from tests.unit.evaluating.samples import made
from tests.unit.reports.test_evaluation_page import hostile

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium"),
]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run whose last sample has all of its pictures."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for place, name in enumerate((*PANELS, NOISE)):
        levels = np.full((8, 8, 3), 40 * place, np.uint8)
        Image.fromarray(levels).save(folder / file_name(2, name))
    return tmp_path


def test_pictures_are_loaded_and_no_other_script_runs(run: Path) -> None:
    for found in (made(ratio=30.0), hostile()):
        elements, logged = opened(html(found, run, run / "report.html"), run)
        assert "Content Security Policy" not in logged
        assert "Uncaught" not in logged
        assert 'id="data"' in elements


def test_the_modes_show_what_they_say(run: Path) -> None:
    act = """<pre id="told"></pre><script>
    const seen = () => Array.from(document.querySelectorAll(".panels figure"))
      .filter((one) => one.offsetWidth).map((one) => one.dataset.panel || one.className);
    const pick = (what) => document.querySelector(what).click();
    const clip = () => document.querySelector(".over").style.clipPath;
    addEventListener("load", () => {
      const found = [seen()];
      for (const what of ["#noise", "input[value=apart]", "#noise", "input[value=slider]"]) {
        pick(what);
        found.push(seen());
      }
      const place = document.querySelector(".stack input");
      place.value = 20;
      place.dispatchEvent(new Event("input", { bubbles: true }));
      const sizes = Array.from(document.querySelectorAll(".stack img"), (one) => one.naturalWidth);
      document.getElementById("told").textContent = JSON.stringify([found, clip(), sizes]);
    });
    </script></body>"""
    page = unlocked(html(made(), run, run / "report.html"))
    elements, _ = opened(page.replace("</body>", act), run)
    told = re.search(r'<pre id="told">(.*?)</pre>', elements, re.DOTALL)
    assert told is not None
    found, clip, sizes = json.loads(escaping.unescape(told[1]))
    beside = ["input", "truth", "torch", "jittor"]
    assert found == [[*beside, "difference"], [*beside, "noise"], ["noise"], ["difference"], ["stack"]]
    assert clip == "inset(0px 0px 0px 20%)"
    assert sizes == [8, 8]


@pytest.mark.parametrize("language", others_slow(["en", "zh"], "en"))
@pytest.mark.parametrize("scheme", others_slow(["light", "dark"], "dark"))
def test_axe_finds_nothing_and_nothing_overflows(run: Path, scheme: str, language: str) -> None:
    with spoken(language):
        page = html(made(ratio=30.0), run, run / "frame.html")
    assert audited(page, run, scheme, 'document.querySelector("input[value=slider]").click();') == {}
