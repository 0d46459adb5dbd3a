from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from harness.alignment import Alignment
from harness.language import LANGUAGES, spoken
from reports import write
from reports.html import html
from tests.unit.reports import samples
from tests.unit.reports.page_rows import places, rows_of

VOID = {"meta", "input", "line", "polyline", "br", "img"}


class Page(HTMLParser):
    """Reads a page strictly: every element is closed, and what it holds is kept."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.text.setdefault(self.open[-1], []).append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element of a kind."""
        return [attributes for name, attributes in self.seen if name == tag]


def data_of(text: str) -> dict[str, Any]:
    """What the page's script draws from."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    return json.loads(found[1])


def test_the_page_holds_everything() -> None:
    alignment = samples.diverging()
    text = html(alignment)
    page, data = Page(text), data_of(text)
    assert page.text["h1"] == ["The port diverges in 10 of 31 tensors"]
    assert page.text["title"][0] == "diverged: toy small"
    rows = rows_of(data)
    assert [row["address"] for row in rows] == [row.address for row in alignment.rows]
    states = [data["states"][row["status"]] for row in rows]
    assert states.count("diverged") == 10
    assert rows[data["first"]]["address"] == alignment.first
    assert {"Case", "Error by depth", "Network", "Tensors", "Attributes that differ", "Coverage"} <= set(
        page.text["h2"]
    )
    assert len(places(data["charts"][0][1])) == 30
    for expected in ("torch 2.13.0", "layer 30 of 31", "50 ms (100 ms)", "First divergence", "torch agrees."):
        assert expected in text


def test_every_table_has_a_caption_and_every_heading_a_scope() -> None:
    page = Page(html(samples.diverging()))
    assert len(page.of("caption")) == len(page.of("table")) == 3
    assert {attributes.get("scope") for attributes in page.of("th")} == {"col"}


def test_who_lets_no_script_run_sees_the_rows_that_matter_and_the_charts_in_words() -> None:
    alignment = samples.diverging()
    page = Page(html(alignment))
    rows = [attributes for attributes in page.of("tr") if "data-status" in attributes]
    assert [row["data-status"] for row in rows] == ["diverged"] * 10
    assert alignment.worst in page.text["code"]
    assert any("Relative error of 30 tensors" in expected for expected in page.text["p"])


def test_hostile_texts_stay_texts() -> None:
    text = html(samples.hostile())
    page = Page(text)
    assert len(page.of("script")) == 3
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;alert(") >= 20
    assert "\u202e" not in text
    assert "\u202e" not in json.dumps(data_of(text), ensure_ascii=False)
    assert all(not name.startswith("on") for _, attributes in page.seen for name in attributes)


def test_attributes_cannot_be_left() -> None:
    rows = [samples.row("""layer:"onmouseover='x'#0:out""", 0, 1.0, type='" autofocus onfocus="x')]
    page = Page(html(samples.alignment(rows)))
    assert all(not name.startswith("on") for _, attributes in page.seen for name in attributes)


def test_it_needs_no_network() -> None:
    text = html(samples.diverging())
    named = re.findall(r"https?://[^\s\"'<]*", text)
    assert named == ["https://github.com/leeoniya/uPlot"]  # in the heading of the charts' program
    assert not re.search(r" src=|@import|url\(|<link", text)
    assert "default-src 'none'" in text
    assert "unsafe" not in text


def test_an_alignment_of_nothing() -> None:
    bare = Alignment({}, {}, {}, [], sentence="Nothing could be compared.", verdict="failed")
    assert Page(html(bare)).of("table") == []


def test_lone_surrogates_can_be_written(tmp_path: Path) -> None:
    write(samples.alignment(sentence="a\ud800b", case={"pair": "\ud800"}), tmp_path / "r.html")
    Page((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert [file.name for file in tmp_path.iterdir()] == ["r.html"]


@pytest.mark.parametrize("make", [samples.alignment, samples.diverging, samples.hostile])
def test_scripts_and_styles_are_those_that_the_page_allows(make: Callable[[], Alignment]) -> None:
    text = html(make())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    rules = {name: set(sources) for name, *sources in (part.split() for part in policy.split("; "))}
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        inside = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digests = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in inside]
        assert rules[rule] == {f"'sha256-{digest}'" for digest in digests}
    assert not re.search(r'\sstyle="', text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_usual_aligned_run_stays_small(language: str) -> None:
    alignment = samples.kept("l2sknet-train")
    with spoken(language):
        text = html(alignment)
    assert len(alignment.rows) == 1222
    assert data_of(text)["folded"] == 340
    assert len(text.encode()) < 150_000
