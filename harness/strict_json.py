"""JSON that a stranger may have written: bounded before it is read, and read by the letter of the standard.

What Python's own reader lets pass is refused: NaN, a number too large for 64 bits, one name twice in an
object, half of a surrogate pair.
"""

from __future__ import annotations

import errno
import json
import math
import os
import re
import stat
from collections import Counter
from pathlib import Path
from typing import Any, NoReturn

from harness.json_codec import short

MOST_BYTES = 64 << 20
_VALUES = 500_000
_BYTES_A_VALUE = 12
"""What is larger than the smallest files has at least so many bytes for each value: ours have over twenty."""
_MOST_DIGITS = 20
_MOST_LETTERS = 400
_MOST_DEPTH = 200
_STRING = re.compile(rb'"[^"]*(?:"|\Z)')
_BRACKETS = re.compile(rb"[\[{]+|[\]}]+")
_HALF_OF_A_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")


def read(path: Path) -> bytes:
    """The bytes of a regular file of bounded size; ValueError says what else it is."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):  # opening a pipe would wait for its writer
        raise ValueError("it is no regular file")
    if (size := path.stat().st_size) > MOST_BYTES:
        raise ValueError(f"it has {size:,} bytes, and at most {MOST_BYTES:,} are read")
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def parse(text: str | bytes) -> Any:
    """The data of a JSON text; ValueError says why it is none or too much."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    _require_bounded(raw)
    require_shallow(raw)
    try:
        data = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_constant,
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if _HALF_OF_A_PAIR.search(raw):
        _require_whole_letters(data)
    return data


def require_shallow(raw: bytes) -> None:
    """Refuse nesting that could end the process, where Python's limit is above what its stack allows."""
    if raw.count(b"[") + raw.count(b"{") <= _MOST_DEPTH:
        return
    bare = _STRING.sub(b"", raw.replace(b"\\\\", b"").replace(b'\\"', b""))
    depth = 0
    for run in _BRACKETS.finditer(bare):
        depth += len(run[0]) if run[0][0] in b"[{" else -len(run[0])
        if depth > _MOST_DEPTH:
            raise ValueError("it is nested too deeply")


def _require_bounded(raw: bytes) -> None:
    if len(raw) > MOST_BYTES:
        raise ValueError(f"it has {len(raw):,} bytes, and at most {MOST_BYTES:,} are read")
    found, allowed = sum(map(raw.count, (b",", b"[", b"{"))), _VALUES + len(raw) // _BYTES_A_VALUE
    if found > allowed:
        raise ValueError(f"it holds {found:,} values, and {allowed:,} are allowed in {len(raw):,} bytes")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) < len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"it says {short(twice)} twice in one object")
    return made


def _integer(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"it holds a whole number of {len(text):,} digits, and {_MOST_DIGITS} are allowed")
    return int(text)


def _number(text: str) -> float:
    number = float(text) if len(text) <= _MOST_LETTERS else math.nan
    if not math.isfinite(number):
        raise ValueError(f"it holds {short(text)}, which is no number of 64 bits")
    return number


def _constant(name: str) -> NoReturn:
    raise ValueError(f"it holds {name}, which is no JSON")


def _require_whole_letters(data: Any) -> None:
    try:
        json.dumps(data, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("a text in it holds half of a surrogate pair, which is no letter") from None
