"""TOML that a stranger may have written: bounded before it is read."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MOST_BYTES = 1 << 20
_MOST_NAMES = 100_000
_DEEPEST = 64
_LONGEST_REASON = 200
_TEXTS_AND_COMMENTS = re.compile(
    r'#[^\n]*|"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL
)
_NO_NAME = re.compile(r"[^\w.\- \t]+")
_BRACKET = re.compile(r"[\[\]{}]")


def read(path: Path) -> bytes:
    """The bytes of a file of bounded size; ValueError says that it has more."""
    with path.open("rb") as file:
        raw = file.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise ValueError(f"it has {path.stat().st_size:,} bytes, and at most {MOST_BYTES:,} are read")
    return raw


def parse(raw: bytes) -> dict[str, Any]:
    """The data of a TOML text; ValueError says why it is none or too much."""
    text = raw.decode("utf-8")
    _require_bounded(text)
    try:
        return tomllib.loads(text)
    except ValueError as error:
        raise ValueError(str(error)[:_LONGEST_REASON]) from error


def _require_bounded(text: str) -> None:
    """Refuse text that takes much more memory or time than its length suggests.

    Each part of a name, `a.b.c`, becomes tables of a kilobyte, and a long name takes quadratic time. How
    deeply Python may call itself is for the program to say, so nesting is counted here.
    """
    structure = _TEXTS_AND_COMMENTS.sub("", text)
    if (found := sum(map(structure.count, ".[{=,"))) > _MOST_NAMES:
        raise ValueError(f"it holds {found:,} names and values, and {_MOST_NAMES:,} are allowed")
    if max(name.count(".") for name in _NO_NAME.split(structure)) > _DEEPEST:
        raise ValueError("a name in it has too many parts")
    depth = 0
    for bracket in _BRACKET.findall(structure):
        depth += 1 if bracket in "[{" else -1
        if depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
