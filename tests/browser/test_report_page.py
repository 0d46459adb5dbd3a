"""The HTML report in a real browser: its script draws, filters, sorts, opens layers; no other script runs."""

from __future__ import annotations

import csv
import html as escaping
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest

from harness.alignment import Alignment
from harness.alignment_rows import Isolated, IsolatedRun, Source
from harness.attributes import AttributeDifference
from harness.comparing import kind_of
from harness.comparing._evidence import picture
from harness.evidence import Evidence, LayerAttributes
from reports.html import html
from reports.page_data import folded
from reports.words import bits, size
from tests.browser.browser import CHROMIUM, audited, opened, unlocked
from tests.selection import others_slow
from tests.unit.reports import samples

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium"),
]


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


def test_the_table_that_is_downloaded_has_every_row_of_a_real_run(tmp_path: Path) -> None:
    """So the script reads the columns back as the rows they were made of."""
    kept = samples.kept("l2sknet-train")
    link = acted(
        """document.getElementById("csv").addEventListener("click", (event) => event.preventDefault());
           click("#csv");
           return document.getElementById("csv").href;""",
        tmp_path,
        kept,
    )
    text = unquote(link.partition(",")[2])
    found = {row["address"]: row for row in csv.DictReader(io.StringIO(text))}
    rows = {row.address: row for row in kept.rows if row.address not in folded(kept.rows)}
    assert found.keys() == rows.keys()
    for address, row in rows.items():
        shown = found[address]
        assert shown["type"] == row.type
        assert shown["status"] == row.verdict.status
        assert shown["kind"] == kind_of(address).replace("_", " ")
        assert shown["shape"] == size(row.shape)
        if row.measured is not None:
            assert float(shown["error"]) == pytest.approx(row.measured.error, rel=5e-3)
            assert shown["bits"] == bits(row.measured.error)


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


def test_the_panel_of_a_source_leads_to_the_layer_that_makes_the_error(tmp_path: Path) -> None:
    alignment = found_out()
    alignment.sources = [replace(alignment.sources[0], layers=["backbone.stage3.conv", "no.such.layer"])]
    found = acted(
        """click(".card:nth-child(2) a");
           return () => {
             const makers = Array.from(document.querySelectorAll("#panel-body dd > span"))[0];
             const told = makers.textContent;
             makers.querySelector("a").click();
             return [told, decodeURIComponent(location.hash)];
           };""",
        tmp_path,
        alignment,
    )
    assert found == ["backbone.stage3.conv, no.such.layer", "#layer:backbone.stage3.conv#0:out"]


def test_the_tree_opens_towards_the_fault_and_folds_show_their_worst_child(tmp_path: Path) -> None:
    texts = acted('return texts("#tree details[open] > summary");', tmp_path)
    assert any(text.startswith("neck") and "worst 5.1e-02" in text for text in texts)


@pytest.mark.parametrize("scheme", others_slow(["light", "dark"], "light"))
def test_axe_finds_nothing_and_nothing_overflows(tmp_path: Path, scheme: str) -> None:
    """The page and its panel in frames of four widths."""
    act = """document.querySelector(".card:nth-child(2) a").click();
      await new Promise((done) => setTimeout(done, 300));
      if (!document.querySelector("dialog").open) throw new Error("no panel");"""
    assert audited(html(found_out()), tmp_path, scheme, act) == {}
