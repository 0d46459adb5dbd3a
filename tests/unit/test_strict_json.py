"""JSON of strangers: what is no JSON by the letter, or too much of it, is refused before it costs much."""

from __future__ import annotations

import json
import os
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from harness import strict_json


@pytest.mark.parametrize(
    "data",
    [None, True, 0, -(2**63), 2**64 - 1, 1e308, 5e-324, "ä😀", [[]], {"a": {"b": [1, "\x00"]}}],
)
def test_what_json_holds_comes_back(data: Any) -> None:
    for ascii_alone in (True, False):
        assert strict_json.parse(json.dumps(data, ensure_ascii=ascii_alone)) == data


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "Expecting value"),
        (b"\xff", "can't decode"),
        (b'"\xed\xa0\x80"', "can't decode"),
        ("[1]".encode("utf-16"), "can't decode"),
        (b"1e999", "'1e999', which is no number of 64 bits"),
        (b"[-1e400]", "no number of 64 bits"),
        (b"0." + b"1" * 100_000, "no number of 64 bits"),
        (b"1" * 100_000, "a whole number of 100,000 digits"),
        (b"[NaN]", "it holds NaN"),
        (b"[-Infinity]", "it holds -Infinity"),
        (b'{"a": 1, "b": 2, "a": 3}', "it says 'a' twice"),
        (b'{"' + b"k" * 900 + b'": 1, "' + b"k" * 900 + b'": 2}', "twice in one object"),
        (b'["\\ud800"]', "half of a surrogate pair"),
        (b'{"\\uDFFF": 1}', "half of a surrogate pair"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"[" + b"[]," * 1_000_000 + b"0]", "values, and"),
        (b"[" + b'{"a":1},' * 1_000_000 + b"0]", "values, and"),
    ],
    ids=range(18),
)
def test_what_is_none_is_refused(text: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        strict_json.parse(text)
    assert len(str(caught.value)) < 300


def test_a_whole_pair_written_as_two_halves_is_a_letter() -> None:
    assert strict_json.parse('"\\ud83d\\ude00"') == "\U0001f600"


def test_one_text_of_200_megabytes_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(200 << 20)
    tracemalloc.start()
    with pytest.raises(ValueError, match="209,715,200 bytes, and at most 67,108,864"):
        strict_json.read(path)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="no regular file"):
        strict_json.read(tmp_path / "pipe")
    with pytest.raises(IsADirectoryError):
        strict_json.read(tmp_path)
    with pytest.raises(FileNotFoundError):
        strict_json.read(tmp_path / "none")


def test_nesting_is_refused_before_it_is_read_whatever_the_limit_of_python_is() -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10**6)  # as a framework may have done: Python's own reader would end the process
    try:
        for text in ("[" * 300_000, '{"a":' * 300_000, '["\\"[", ' + "[" * 300_000):
            with pytest.raises(ValueError, match="nested too deeply"):
                strict_json.parse(text)
    finally:
        sys.setrecursionlimit(limit)
    assert strict_json.parse('["' + "[" * 1000 + '", "\\\\", "]\\""]') == ["[" * 1000, "\\", ']"']
