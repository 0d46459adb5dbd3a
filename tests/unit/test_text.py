"""Strangers' texts: what has no shape is replaced, a line stays one line, a length is bounded."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from harness.text import LONGEST, MOST_LINES, printable, printable_lines
from tests import ROOT

ASKING = {"harness/cli/parse.py", "harness/text.py", "reports/sheet.py"}  # they refuse, define, or only look

STEERING = ["\x00", "\x07", "\x1b", "\x7f", "\x80", "\x9b", "\u061c", "\u200b", "\u200d", "\u200e", "\u200f"]
STEERING += [*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A)), "\ufeff", "\U000e0041"]
STEERING += ["\ud800", "\udfff", "\ue000", "\ufffe", "\uffff", "\u0378", "\u3164", "\u115f", "\U000e0100"]
BREAKS = ["\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]


def test_what_has_a_shape_stays() -> None:
    for text in ("layer:a.b#0:out", "é … ✔ ✘", "图像对齐", "naïve 🙂", "مرحبا", ""):
        assert printable(text) == text
        assert printable_lines(text) == text
    assert printable(None) == "None"


@pytest.mark.parametrize("letter", STEERING, ids=ascii)
def test_what_steers_or_hides_is_replaced(letter: str) -> None:
    assert printable(f"a{letter}b") == "a\ufffdb"
    assert printable_lines(f"a{letter}b\nc") == "a\ufffdb\nc"


@pytest.mark.parametrize("letter", BREAKS, ids=ascii)
def test_one_line_stays_one_line(letter: str) -> None:
    shown = printable(f"a{letter}align: aligned")
    assert shown == "a align: aligned"
    assert shown.splitlines() == [shown]
    assert len(printable_lines(f"a{letter}b").splitlines()) == (2 if letter == "\n" else 1)


def test_every_letter_there_is() -> None:
    """No control, format, surrogate, private or unassigned letter passes, says Unicode's own table."""
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    shown = "".join(printable(every[start : start + LONGEST]) for start in range(0, len(every), LONGEST))
    assert len(shown) == len(every)
    assert {unicodedata.category(letter) for letter in shown} & {
        "Cc",
        "Cf",
        "Cs",
        "Co",
        "Cn",
        "Zl",
        "Zp",
    } == set()
    assert {letter for letter in shown if unicodedata.category(letter) == "Zs"} == {" "}
    changed = [old for old, new in zip(every, shown, strict=True) if old != new and old.isprintable()]
    assert len(changed) < 300  # fillers alone


def test_lengths_are_bounded_and_said() -> None:
    assert printable("a" * LONGEST) == "a" * LONGEST
    assert printable("a" * (LONGEST + 7)) == "a" * LONGEST + " … (7 more letters)"
    assert printable_lines("\n".join(map(str, range(MOST_LINES + 5)))).split("\n")[0] == "5"
    assert max(map(len, printable_lines("a" * (9 * LONGEST)).split("\n"))) < LONGEST + 40


def test_tabs_keep_their_columns_in_a_log() -> None:
    assert printable_lines("a\tb\r\nc") == "a       b\nc"


def test_there_is_one_definition() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for room in ("harness", "reports", "weight_convert", "golden")
        for path in (ROOT / room).rglob("*.py")
        if "isprintable" in path.read_text(encoding="utf-8")
    }
    assert found == ASKING
