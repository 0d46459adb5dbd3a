"""Changes of JSON and TOML: any value becomes another, or a key comes, goes, or stands twice."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

from tests.fuzz.mutators.plain import scramble, some_number

_DEEP = 3000
_TEXTS = (
    *("", "a", "NaN", "Infinity", "\u202eabc", "\x1b[31m", "a\nb", "\0", "\ud800", "x" * 5000, "../x"),
    *("/etc/passwd", "layer:a#0:out", "layer:a#99999999999999999999:out", "grad:x", "float32", "module:PAIR"),
)
_NODES = 4000
_LONGEST = 20_000


def any_value(rng: Random) -> Any:
    """A value that hardly anything expects."""
    kind = rng.randrange(9)
    if kind == 0:
        return some_number(rng)
    if kind == 1:
        return rng.choice((1e308, -1e308, 5e-324, -0.0, 0.5, 1e400, float("nan")))
    if kind == 2:
        return rng.choice(_TEXTS)
    if kind == 3:
        return [any_value(rng) for _ in range(rng.randrange(4))]
    if kind == 4:
        return {rng.choice(_TEXTS): any_value(rng) for _ in range(rng.randrange(3))}
    if kind == 5:
        return [some_number(rng)] * rng.choice((3, 40, 5000))
    if kind == 6:
        return 10 ** rng.choice((19, 40, 400, 4000))
    return rng.choice((None, True, False))


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every holder with every key or index in it."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting and len(found) < _NODES:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            found.append((holder, key))
            if isinstance(holder[key], (dict, list)):
                waiting.append(holder[key])
    return found


def _copied(value: Any) -> Any:
    """A copy of a value; of a large one, None: copies of copies must not fill the memory."""
    text = json.dumps(value)
    return json.loads(text) if len(text) < _LONGEST else [None]


def change_data(data: Any, rng: Random) -> Any:
    """Data with some values exchanged, doubled or gone; lists and dictionaries are changed in place."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        places = _places(data) if isinstance(data, (dict, list)) else []
        if not places:
            return any_value(rng)
        holder, key = rng.choice(places)
        kind = rng.randrange(6)
        if kind <= 2:
            holder[key] = any_value(rng)
        elif kind == 3:
            del holder[key]
        elif kind == 4:
            other, name = rng.choice(places)
            if other.get(name) if isinstance(other, dict) else name < len(other):
                holder[key] = _copied(other[name])
        elif isinstance(holder, list):
            holder.extend(_copied(holder[:50]) * (30 if len(places) < 200 else 1))
        else:
            holder[rng.choice(_TEXTS)] = any_value(rng)
    return data


def spell(data: Any) -> bytes:
    """Data as JSON, odd numbers and texts included."""
    return json.dumps(data).encode("utf-8", "surrogatepass")


def mutate_json(data: bytes, rng: Random) -> bytes:
    """A JSON text with other values."""
    kind = rng.randrange(8)
    if kind == 0:
        return scramble(data, rng)
    if kind == 1:
        return _nested(data, rng)
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return scramble(data, rng)
    try:
        return spell(change_data(value, rng))
    except (ValueError, RecursionError):
        return scramble(data, rng)


def _nested(data: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    opening, closing = rng.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"[[", b"]]")))
    count = rng.choice((10, 100, _DEEP))
    return data[:at] + opening * count + b"1" + closing * count + data[at:]


_VALUES = (
    *(
        b"1",
        b"-1",
        b"true",
        b"inf",
        b"nan",
        b'"x"',
        b'"~nobody-at-all/x"',
        b"''",
        b"[]",
        b"{}",
        b"[1, 'a']",
        b"{a = 1}",
    ),
    *(b"9223372036854775807", b"99999999999999999999999", b"1979-05-27T07:32:00Z", b"0x7fffffffffffffff"),
    *(b'"\\u0000"', b'"\\u202E"', b'"""\nx"""', b'"' + b"*" * 60 + b'"', b"1" * 5000, b"07:32:00"),
)
_ASSIGNMENT = re.compile(rb"(?m)^(\s*[\w-]+\s*=\s*)(.*)$")


def mutate_toml(data: bytes, rng: Random) -> bytes:
    """A TOML text with other values, lines that are gone or stand twice, or deep tables."""
    kind = rng.randrange(6)
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    if kind == 0:
        return scramble(data, rng)
    if kind <= 2:
        value = rng.choice(_VALUES)
        if rng.random() < 0.1:
            value = b"[" * _DEEP + b"]" * _DEEP
        lines[at] = _ASSIGNMENT.sub(lambda found: found.group(1) + value, lines[at])
    elif kind == 3:
        lines[at:at] = [lines[at]] * rng.choice((1, 2, 50))
    elif kind == 4:
        del lines[at]
    else:
        name = b".".join([b"a"] * rng.choice((1, 5, _DEEP)))
        lines[at:at] = [rng.choice((b"[%s]", b"[[%s]]", b"%s = 1")) % name]
    return b"\n".join(lines)


def mutate_json_lines(data: bytes, rng: Random) -> bytes:
    """Change one line as JSON; lines may also change places, repeat or go."""
    lines = data.splitlines(keepends=True) or [b""]
    place = rng.randrange(len(lines))
    kind = rng.random()
    if kind < 0.1:
        lines[place], lines[0] = lines[0], lines[place]
    elif kind < 0.2:
        lines.insert(rng.randrange(len(lines) + 1), lines[place])
    elif kind < 0.25:
        del lines[place]
    else:
        lines[place] = mutate_json(lines[place].rstrip(b"\n"), rng) + b"\n"
    return b"".join(lines)
