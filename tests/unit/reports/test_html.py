from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness.alignment import Alignment
from reports import write
from reports.html import html
from tests.unit.reports import samples

VOID = {"meta", "input", "line", "polyline", "br"}


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


def test_the_page_holds_everything() -> None:
    alignment = samples.diverging()
    page = Page(html(alignment))
    assert page.text["h1"] == [alignment.sentence]
    assert page.text["title"][0] == "diverged: toy small"
    rows = [attributes for attributes in page.of("tr") if "data-status" in attributes]
    assert len(rows) == len(alignment.rows)
    assert sum(row["data-status"] == "diverged" for row in rows) == 10
    assert {row.address for row in alignment.rows} <= set(page.text["code"])
    assert {"Case", "Error by depth", "Tensors", "Attributes that differ", "Coverage", "Environment"} <= set(
        page.text["h2"]
    )
    assert len(page.of("circle")) == 30
    for told in ("torch 2.13.0", "layer 30 of 31", "50 ms (100 ms)", "first divergence", "torch agrees."):
        assert told in html(alignment)


def test_hostile_texts_stay_texts() -> None:
    text = html(samples.hostile())
    page = Page(text)
    assert len(page.of("script")) == 1
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;alert(") >= 20
    assert "\u202e" not in text
    assert all(not name.startswith("on") for _, attributes in page.seen for name in attributes)


def test_attributes_cannot_be_left() -> None:
    rows = [samples.row("""layer:"onmouseover='x'#0:out""", 0, 1.0, type='" autofocus onfocus="x')]
    page = Page(html(samples.alignment(rows)))
    assert all(not name.startswith("on") for _, attributes in page.seen for name in attributes)


def test_it_needs_no_network() -> None:
    text = html(samples.diverging())
    assert not re.search(r"https?://|src=|@import|url\(|<link", text)
    assert "default-src 'none'" in text


def test_an_alignment_of_nothing() -> None:
    bare = Alignment({}, {}, {}, [], sentence="Nothing could be compared.", verdict="failed")
    assert Page(html(bare)).of("table") == []


def test_lone_surrogates_can_be_written(tmp_path: Path) -> None:
    write(samples.alignment(sentence="a\ud800b", case={"pair": "\ud800"}), tmp_path / "r.html")
    Page((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert [file.name for file in tmp_path.iterdir()] == ["r.html"]


@pytest.mark.parametrize("make", [samples.alignment, samples.diverging, samples.hostile])
def test_the_script_is_the_one_that_the_page_allows(make: object) -> None:
    text = html(make())
    script = text[text.index("<script>") + len("<script>") : text.index("</script>")]
    allowed = re.search(r"'sha256-([^']+)'", text)[1]
    assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() == allowed
