"""TOML of any content: its data, or a ValueError of one line, in little memory and time."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from harness.strict_toml import MOST_BYTES, parse, read, tomllib
from tests import ROOT

REFUSED = {
    "deep arrays": (b"a = " + b"[" * 5000 + b"]" * 5000, "nested too deeply"),
    "deep tables": (b"a = " + b"{a=" * 5000 + b"1" + b"}" * 5000, "nested too deeply"),
    "long number": (b"a = " + b"1" * 5000, "4300"),
    "no text": (b"a = \xff", "decode"),
    "no TOML": (b"a = ", "Invalid value"),
    "key twice": (b"a = 1\na = 2", "Cannot overwrite"),
    "long name": (b"a." * 200_000 + b"a = 1", "names and values"),
    "name of many parts": (b"[" + b"a . " * 500 + b"a]", "too many parts"),
    "many tables": (b"".join(b"[[%d.a.b.c.d]]\n" % number for number in range(40_000)), "names and values"),
    "behind a comment": (b'# """\n' + b"a." * 200_000 + b'a = 1\n# """', "names and values"),
    "behind a text": (b'b = \'#\'\nc = """\\""""\n' + b"a." * 200_000 + b"a = 1", "names and values"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_none_or_too_much_is_refused_in_a_line(name: str) -> None:
    raw, saying = REFUSED[name]
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=saying) as caught:
            parse(raw)
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) <= 200


def test_the_most_names_that_are_allowed_stay_small() -> None:
    tracemalloc.start()
    try:
        names = (b".".join([b"a", b"%d" % number, *[b"b"] * 60]) for number in range(1500))
        parse(b"".join(b"[%s]\n" % name for name in names))
        assert tracemalloc.get_traced_memory()[1] < 200 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "path", ["pyproject.toml", "golden/pins.toml", "weight_convert/maps/led-deploy.toml"]
)
def test_what_is_no_strangers_is_read_as_the_library_reads_it(path: str) -> None:
    raw = (ROOT / path).read_bytes()
    assert parse(raw) == tomllib.loads(raw.decode())


def test_texts_full_of_dots_are_no_names() -> None:
    assert parse(b'a = "' + b"x." * 200_000 + b'"')["a"].count(".") == 200_000


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"#" * (MOST_BYTES + 1))
    (tmp_path / "largest").write_bytes(b"#" * MOST_BYTES)
    with pytest.raises(ValueError, match="1,048,577 bytes"):
        read(tmp_path / "large")
    assert parse(read(tmp_path / "largest")) == {}
