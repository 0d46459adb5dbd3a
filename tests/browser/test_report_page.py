"""The HTML report in a real browser: its script draws, filters, sorts, opens layers; no other script runs."""

from __future__ import annotations

import gzip
import html as escaping
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.alignment import Alignment
from harness.alignment_rows import Isolated, IsolatedRun, Source
from harness.attributes import AttributeDifference
from harness.comparing._evidence import picture
from harness.evidence import Evidence, LayerAttributes
from reports.html import html
from tests.selection import others_slow
from tests.unit.reports import samples

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
AXE = Path(__file__).parent / "axe-core-4.14.1.min.js.gz"
WIDTHS = (360, 768, 1280, 1920)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium"),
]


def opened(page: str, folder: Path, *flags: str) -> tuple[str, str]:
    """The page's elements after its scripts have run, and what the browser logged."""
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", *flags]
    command += [f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=20000", "--dump-dom"]
    done = subprocess.run([*command, path.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, done.stderr


def unlocked(page: str) -> str:
    """The page without its policy, so that a test's script may act in it."""
    return re.sub(r"<meta http-equiv[^>]*>", "", page)


def acted(script: str, folder: Path, alignment: Alignment | None = None) -> Any:
    """What an expression gives after a user did something."""
    page = unlocked(html(alignment or found_out()))
    act = f"""<pre id="told"></pre><script>
    const click = (what) => document.querySelector(what).click();
    const texts = (what) => Array.from(document.querySelectorAll(what), (one) => one.textContent);
    const addresses = () => texts("#rows tbody .address a");
    const choose = (id, value) => {{
      document.getElementById(id).value = value;
      document.getElementById(id).dispatchEvent(new Event("input"));
    }};
    setTimeout(() => {{
      const told = (() => {{ {script} }})();
      setTimeout(() => {{
        const found = typeof told === "function" ? told() : told;
        document.getElementById("told").textContent = JSON.stringify(found);
      }}, 200);
    }}, 50);
    </script></body>"""
    elements, _ = opened(page.replace("</body>", act), folder)
    found = re.search(r'<pre id="told">(.*?)</pre>', elements, re.DOTALL)
    return json.loads(escaping.unescape(found[1]))


def found_out() -> Alignment:
    """A diverged alignment with a source, a cause, pictures and attributes."""
    alignment = samples.diverging()
    bad = [row for row in alignment.rows if row.verdict.status == "diverged"]
    good = samples.row("layer:a#0:out", 0)
    for row in bad[1:]:
        row.isolated = Isolated(good.measured, good.verdict)
    bad[0].isolated = Isolated(bad[0].measured, bad[0].verdict)
    bad[1].inputs = [bad[0].address]
    path = bad[0].address[6:-6]
    alignment.isolated = IsolatedRun(ran=True, judged=10)
    alignment.sources = [Source(bad[0].address, "forward", [path], "t", 2.0, "eps=0.001", ["norm"])]
    alignment.attributes = [AttributeDifference(path, "eps", 1e-5, 1e-3)]
    random = np.random.default_rng(0).normal(size=(1, 4, 20, 20))
    made = picture(bad[0].address, random, random + 1e-3, (0, 1, 3, 3))
    alignment.evidence = Evidence([made], [LayerAttributes(path, {"eps": 1e-5}, {"eps": 1e-3})])
    return alignment


def test_the_policy_of_the_page_lets_its_own_script_run_and_no_other(tmp_path: Path) -> None:
    for alignment in (samples.hostile(), found_out()):
        assert "Content Security Policy" not in opened(html(alignment), tmp_path)[1]
    page = html(found_out()).replace("</body>", "<script>1</script></body>")
    assert "Content Security Policy" in opened(page, tmp_path)[1]


def test_what_diverged_stands_first_and_headings_sort(tmp_path: Path) -> None:
    usual, by_error, again = acted(
        """const heading = document.querySelectorAll("#rows th button")[4], usual = addresses();
           heading.click();
           const byError = addresses();
           heading.click();
           return [usual, byError, addresses()];""",
        tmp_path,
    )
    alignment = found_out()
    bad = [row.address for row in alignment.rows if row.verdict.status == "diverged"]
    assert usual[:10] == bad
    assert by_error[0] == alignment.worst
    assert again[-1] == alignment.worst


def test_search_and_filters(tmp_path: Path) -> None:
    searched, diverged, module, shown = acted(
        """choose("search", "STAGE3.");
           const searched = addresses();
           choose("search", ""); choose("status", "diverged");
           const diverged = addresses();
           choose("status", ""); choose("module", "extra");
           return [searched, diverged, addresses(), document.getElementById("shown").textContent];""",
        tmp_path,
    )
    assert searched == ["layer:backbone.stage3.conv#0:out"]
    assert len(diverged) == 10
    assert module == ["layer:extra#0:out"]
    assert shown == "1 of 31 rows"


def test_a_click_on_the_source_opens_all_that_is_known_of_its_layer(tmp_path: Path) -> None:
    panel = acted(
        """click(".card:nth-child(2) a");
           return () => [document.querySelector("dialog").open, document.querySelector("dialog").innerText,
             document.querySelectorAll("dialog canvas").length, location.hash.length > 1];""",
        tmp_path,
    )
    assert panel[0]
    for told in (found_out().first, "diverged", "eps=0.001", "align explain --op norm", "FEEDS",
                 "align reproduce alignment.json", "differs", "run alone"):  # fmt: skip
        assert told.lower() in panel[1].lower()
    assert panel[2:] == [6, True]


def test_the_tree_opens_towards_the_fault_and_folds_show_their_worst_child(tmp_path: Path) -> None:
    texts = acted('return texts("#tree details[open] > summary");', tmp_path)
    assert any(text.startswith("neck") and "worst 5.1e-02" in text for text in texts)


@pytest.mark.parametrize("scheme", others_slow(["light", "dark"], "light"))
def test_axe_finds_nothing_and_nothing_overflows(tmp_path: Path, scheme: str) -> None:
    """The page and its panel in frames of four widths."""
    axe = gzip.decompress(AXE.read_bytes()).decode()
    page = unlocked(html(found_out()))
    act = f"""<script>{axe}</script><script>
    addEventListener("load", async () => {{
      const dark = matchMedia("(prefers-color-scheme: dark)").matches;
      const page = document.documentElement, over = page.scrollWidth - page.clientWidth;
      const first = await axe.run();
      document.querySelector(".card:nth-child(2) a").click();
      await new Promise((done) => setTimeout(done, 300));
      const second = await axe.run();
      const open = document.querySelector("dialog").open;
      const all = [...first.violations, ...second.violations];
      const found = all.map((one) => one.id + " " + one.nodes[0].html);
      parent.postMessage([innerWidth, dark, over, open, first.passes.length, found], "*");
    }});
    </script></body>"""
    (tmp_path / "frame.html").write_text(page.replace("</body>", act), encoding="utf-8")
    frames = "".join(f'<iframe width="{width}" height="900" src="frame.html"></iframe>' for width in WIDTHS)
    collect = """<!DOCTYPE html><style>iframe{border:0}</style><pre id="told"></pre><script>
    const all = [];
    addEventListener("message", (event) => {
      if (!Array.isArray(event.data)) return;
      all.push(event.data);
      document.getElementById("told").textContent = JSON.stringify(all);
    });
    </script>"""
    flags = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if scheme == "dark" else []
    elements, _ = opened(collect + frames, tmp_path, *flags)
    told = re.search(r'<pre id="told">(.*?)</pre>', elements, re.DOTALL)
    found = sorted(json.loads(escaping.unescape(told[1])))
    assert [one[0] for one in found] == list(WIDTHS)
    for width, dark, over, open_, passes, findings in found:
        assert (dark, over, open_, findings) == (scheme == "dark", 0, True, []), width
        assert passes > 20
