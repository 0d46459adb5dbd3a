"""Markdown and JUnit, and the choice between the forms."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.alignment import Alignment
from harness.errors import BadInput
from reports import write
from reports.junit import junit
from reports.markdown import markdown
from tests.unit.reports import samples


def test_markdown() -> None:
    text = markdown(samples.diverging())
    assert text.startswith("**✘ jittor diverges, first at `layer:backbone.neck.")
    rows = [line for line in text.splitlines() if line.startswith("| ✘ |")]
    assert len(rows) == 10
    assert all(row.count("|") == 8 for row in rows)
    assert "- compared: layer 30 of 31, output 1 of 1" in text
    assert "| `stage.3.bn.eps` | `1e-05` | `0.001` |" in text


def test_markdown_shows_hostile_texts_as_they_are() -> None:
    text = markdown(samples.hostile())
    assert "<" not in re.sub(r"`[^`]*`", "", text)
    assert "`<script>alert('owned')</script>" in text
    assert "\x1b" not in text
    rows = [samples.row("layer:a|b`c*d_e[f](g)#0:out", 0)]
    assert "`layer:a`&#124;``b`c*d_e[f](g)#0:out``" in markdown(samples.alignment(rows))


def test_junit_counts_what_it_holds() -> None:
    suite = ElementTree.fromstring(junit(samples.diverging()))
    assert suite.attrib == {
        "name": "toy.small",
        "tests": "31",
        "failures": "10",
        "errors": "0",
        "skipped": "1",
    }
    failures = suite.findall("testcase/failure")
    assert len(failures) == 10
    assert failures[0].get("message") == "error 1.0e-04, 25 times what is allowed"
    assert {case.get("classname") for case in suite} == {"toy.small.layer"}


def test_junit_of_hostile_texts_is_xml() -> None:
    suite = ElementTree.fromstring(junit(samples.hostile()))
    assert suite.get("errors") == "1"
    assert "<script>" in suite.find("testcase/error").get("message")


def test_the_ending_says_which_form(tmp_path: Path) -> None:
    alignment = samples.diverging()
    for ending in ("html", "md", "xml", "json"):
        write(alignment, tmp_path / f"r.{ending}")
    assert Alignment.load(tmp_path / "r.json").to_dict() == alignment.to_dict()
    with pytest.raises(BadInput, match="a report ends in one of"):
        write(alignment, tmp_path / "r.pdf")
    with pytest.raises(BadInput, match="cannot be written"):
        write(alignment, tmp_path / "missing" / "r.md")
    assert len(list(tmp_path.iterdir())) == 4
