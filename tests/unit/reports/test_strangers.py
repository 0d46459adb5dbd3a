"""One hostile text in every text of an alignment, drawn in every form: it steers, forges, links nothing."""

from __future__ import annotations

import dataclasses
import io
import itertools
import json
import re
import types
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin, get_type_hints
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from harness.alignment import Alignment, Override
from harness.alignment_rows import Isolated, IsolatedRun, Obstacle, SideReport, Source
from harness.cli.command_result import as_line
from harness.costs import Spent
from harness.coverage import CaseDifference, Coverage, Gap
from harness.text import printable
from reports import terminal
from reports.html import html
from reports.junit import junit
from reports.markdown import markdown
from reports.sheet import Sheet
from tests.unit.reports import samples
from tests.unit.reports.test_html import Page

FORGED = "align: aligned, says the stranger"
BREAKS = "\r \x85 \u2028 \u2029 \x0b \x0c \x1c \n"
STEERING = (
    "\x1b[31m \x1b]0;t\x07 \x00 \x7f \x9b \u202e \u2066 \u200f \u061c \u200b \ufeff \ue000 \ufffe \ud800"
)
MARKING = (
    "<script>alert(1)</script> <b> ]]> &amp; *b* _b_ `c` ``d | e \\ # h [l](http://evil.example) ![i](x) :+1:"
)
LINKING = (
    "http://evil.example www.evil.example me@evil.example @someone #12 GH-1 deadbeef1 a/b#3 //evil.example"
)
HOSTILE = f"{MARKING} {LINKING} {STEERING}{BREAKS}{FORGED}"
PLACES = {"address", "first", "worst", "inputs", "fallback", "weak"}  # addresses, of a form that is checked
TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "p", "h1", "h2", "h3", "main", "section",
    "dl", "dt", "dd", "div", "code", "pre", "input", "select",
    "option", "span", "table", "thead", "tbody", "tr", "th", "td", "small", "script", "caption", "button",
    "label", "details", "summary", "dialog", "form", "noscript", "a",
}  # fmt: skip


class Strangers:
    """Puts a hostile text, each with a number of its own, in the place of every text."""

    def __init__(self) -> None:
        self.numbers = itertools.count()

    def text(self, name: str) -> str:
        """A hostile text; an address where one must stand."""
        marked = f"T{next(self.numbers)}T {HOSTILE}"
        return f"layer:{marked.replace(chr(10), ' ')}#0:out" if name in PLACES else marked

    def put(self, value: Any, hint: Any, name: str) -> Any:
        """The value with each of its texts replaced."""
        if get_origin(hint) in (Union, types.UnionType):
            (hint,) = (inner for inner in get_args(hint) if inner is not type(None))
        if dataclasses.is_dataclass(value):
            hints = get_type_hints(type(value))
            for item in dataclasses.fields(value):
                new = self.put(getattr(value, item.name), hints[item.name], item.name)
                object.__setattr__(value, item.name, new)
            return value
        if isinstance(value, str):
            return self.text(name) if hint in (str, Any) else value
        if isinstance(value, dict):
            return self._put_dict(value, get_args(hint)[1] if get_args(hint) else Any, name)
        if isinstance(value, list):
            inner = get_args(hint)[0] if get_args(hint) else Any
            return [self.put(item, inner, name) for item in value]
        return value

    def _put_dict(self, value: dict[str, Any], hint: Any, name: str) -> dict[str, Any]:
        """Keys that reports look for stay; every dictionary gets a key of a stranger's, too."""
        known = {key: self.put(item, hint, key) for key, item in value.items()}
        if name == "sides":
            return {self.text(""): item for item in known.values()}
        return {**known, self.text(""): self.text("")} if hint in (str, Any) and value else known


def full() -> Alignment:
    """A failed comparison in which every field holds something."""
    rows = [samples.row(f"layer:stage.{index}#0:out", index, 1.0) for index in range(3)]
    rows[0].note, rows[0].inputs, rows[0].obstacle = "n", ["layer:a#0:out"], Obstacle("o")
    rows[0].isolated = Isolated(rows[0].measured, rows[0].verdict)
    failed = SideReport("failed", "e", "s", "l", "t", {"torch": "2", "deep": {"of": ["x"]}}, "cpu")
    return samples.alignment(
        rows,
        verdict="failed",
        sides={"torch": failed, "jittor": dataclasses.replace(failed, cost=Spent(wall=1.0))},
        sources=[Source("layer:a#0:out", "forward", ["a"], "t", 2.0, "c", ["e"])],
        overrides=[Override("p", "skip", "r")],
        isolated=IsolatedRun(why="w"),
        coverage=Coverage(
            recorded={"layer": 1},
            compared={"layer": 1},
            not_compared=[Gap("layer:x#0:out", "y")],
            skipped=[Gap("layer:x#0:out", "y in layer.z, z")] * 2,
            fallback=["layer:x#0:out"],
            weak=["layer:x#0:out"],
            unpaired={"torch": ["layer:u"], "jittor": []},
            case_differences=[CaseDifference("n", "r", "c")],
        ),
    )  # fmt: skip


@pytest.fixture(scope="module")
def strange() -> Alignment:
    """Every text of it is hostile."""
    alignment = Strangers().put(full(), Alignment, "")
    for name, place in (("first", 0), ("worst", 1)):
        setattr(alignment, name, alignment.rows[place].address)
    assert sum(1 for text in texts(alignment) if HOSTILE in text) > 60
    return alignment


def texts(value: Any) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif dataclasses.is_dataclass(value):
        for item in dataclasses.fields(value):
            yield from texts(getattr(value, item.name))
    elif isinstance(value, dict | list | tuple):
        for item in [*value.items()] if isinstance(value, dict) else value:
            yield from texts(item)


def shown(text: str) -> str:
    """The text, of which every line must be printable."""
    lines = text.split("\n")
    assert [line for line in lines if line != printable(line) and len(line) < 9000] == []
    assert text.splitlines() == lines[:-1] if text.endswith("\n") else lines
    return text


def numbers(text: str) -> set[str]:
    """Which of the hostile texts a report shows."""
    return set(re.findall(r"T\d+T", text))


def test_the_walk_reaches_every_text_field() -> None:
    alignment = Strangers().put(full(), Alignment, "")
    own = {"verdict", "status", "policy", "direction", "found", "basis", "schema"}
    hints = [get_type_hints(kind) for kind in (Alignment, SideReport, Source, Override, Obstacle)]
    fields = {name for found in hints for name, hint in found.items() if hint in (str, str | None)} - own
    hostile = {
        "sentence",
        "first",
        "worst",
        "error",
        "signal",
        "last_layer",
        "stderr_tail",
        "device",
        "truth",
    }
    assert hostile | {"address", "text", "cause", "pattern", "reason", "why"} == fields
    assert HOSTILE in alignment.sentence
    assert HOSTILE in alignment.rows[0].type
    assert HOSTILE in alignment.rows[0].verdict.reason


def test_html(strange: Alignment) -> None:
    text = shown(html(strange))
    page = Page(text)
    assert {tag for tag, _ in page.seen} <= TAGS
    assert len(page.of("script")) == 3
    assert all(not name.startswith("on") and name != "src" for _, found in page.seen for name in found)
    assert all(str(link["href"]).startswith("#") for link in page.of("a"))
    outside = re.sub(r"<pre[^>]*>.*?</pre>", "", text, flags=re.DOTALL)
    assert not [line for line in outside.split("\n") if line.strip().startswith("align:")]
    assert len(numbers(text)) > 35


def test_markdown(strange: Alignment) -> None:
    text = shown(markdown(strange))
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    inline = [child for token in tokens for child in token.children or []]
    kinds = {token.type.partition("_")[0] for token in [*tokens, *inline]}
    assert kinds <= {
        "paragraph", "inline", "table", "thead", "tbody", "tr", "th", "td", "text", "code", "strong",
        "bullet", "list", "softbreak",
    }  # fmt: skip
    plain = " ".join(child.content for child in inline if child.type in ("text", "text_special"))
    assert plain
    assert not re.search(r"[@#<>*_`\\\[\]]|//|www|GH-|deadbeef|:\+1:", plain)
    assert sum(token.type == "table_open" for token in tokens) == 2
    assert sum(token.type == "th_open" for token in tokens) == 10
    assert sum(token.type == "td_open" for token in tokens) == 7 * 3 + 3
    assert max(token.level for token in tokens) <= 5
    assert sum(child.type == "strong_open" for child in inline) == 1
    assert not [line for line in text.split("\n") if line.lstrip("-* ").startswith("align:")]
    assert len(numbers(text)) > 30


def test_junit(strange: Alignment) -> None:
    text = shown(junit(strange))
    suite = ElementTree.fromstring(text)
    assert {element.tag for element in suite.iter()} == {
        "testsuite",
        "testcase",
        "error",
        "failure",
        "skipped",
    }
    assert len(suite) == 2 + len(strange.rows)
    attributes = [value for element in suite.iter() for value in element.attrib.values()]
    assert all("\n" not in value for value in attributes)


@pytest.mark.parametrize("colours", [False, True])
def test_terminal(strange: Alignment, colours: bool) -> None:
    drawn = io.StringIO()
    sheet = Sheet(drawn, 5000, colours)
    terminal.draw(strange, sheet, f"runs/{HOSTILE}")
    terminal.draw_rows(strange.rows, sheet)
    terminal.draw_row(strange.rows[0], sheet)
    terminal.draw_sentence(strange, sheet, HOSTILE)
    text = shown(re.sub(r"\x1b\[[0-9;]*m", "", drawn.getvalue()) if colours else drawn.getvalue())
    assert not [line for line in text.split("\n") if line.strip().startswith("align:")]
    assert f"  | {FORGED}" in text
    assert len(numbers(text)) > 35


def test_the_console_itself_lets_nothing_through() -> None:
    drawn = io.StringIO()
    Sheet(drawn, 5000).print(f"{STEERING}{BREAKS}end")
    shown(drawn.getvalue())


def test_json_stays_raw_and_valid(strange: Alignment) -> None:
    text = as_line(strange.to_dict())
    assert text.isascii()
    assert json.loads(text) == strange.to_dict()
