"""The rows of a page as columns, in which what repeats is said once. `rows.js` reads them back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby, takewhile
from typing import Any


def packed(rows: Sequence[Sequence[Any]], fields: Sequence[str]) -> dict[str, Any]:
    """All rows, each of which has the fields in this order."""
    columns = dict(zip(fields, zip(*rows, strict=True), strict=True)) if rows else {}
    return {name: _pack(name)(values) for name, values in columns.items()}


def runs(values: Iterable[Any]) -> list[Any]:
    """Values, none of which is a list; what stands there several times in a row is [value, times]."""
    found = []
    for value, group in groupby(values):
        times = len(list(group))
        found.append(value if times == 1 else [value, times])
    return found


def steps(places: Sequence[int]) -> list[Any]:
    """Whole numbers that mostly go up or down by one: how far each is from the one before, in runs."""
    return runs(place - before for before, place in zip((0, *places), places, strict=False))


def figures(values: Iterable[float | str | None]) -> str:
    """Figures of three digits in as few letters as a number can have, or words; `-` where there is none."""
    return " ".join(map(_figure, values))


def tabled(values: Sequence[Any]) -> list[list[Any]]:
    """Each value once, be it a list or not, and in runs which of them stands where."""
    keys = [tuple(value) if isinstance(value, list) else value for value in values]
    table = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    return [list(table), runs(table[key] for key in keys)]


def scattered(values: Sequence[Mapping[str, Any]]) -> dict[int, Mapping[str, Any]]:
    """What most rows have nothing of, by the places of those that do."""
    return {place: value for place, value in enumerate(values) if value}


def named(found: Sequence[str]) -> dict[str, list[Any]]:
    """Addresses: their paths, what stands around a path, and which of each makes each address."""
    parts = [_parts(address) for address in found]
    paths = {path: place for place, path in enumerate(dict.fromkeys(path for path, _ in parts))}
    return {
        "paths": _telescoped(list(paths)),
        "path": steps([paths[path] for path, _ in parts]),
        "around": tabled([around for _, around in parts]),
    }


def _telescoped(texts: Sequence[str]) -> list[Any]:
    """Each text as two items: how many letters are those of the one before, and the other letters."""
    found: list[Any] = []
    for before, text in zip(("", *texts), texts, strict=False):
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, text, strict=False)))
        found += [same, text[same:]]
    return found


def _parts(address: str) -> tuple[str, tuple[str, str]]:
    """A path, and what stands before and after it in the address."""
    kind, colon, name = address.partition(":")
    ends = {"layer": "#", "grad": ".", "state": "."}.get(kind)
    path = name.rpartition(ends)[0] if ends else name
    return path, (kind + colon, name[len(path) :])


def _figure(value: float | str | None) -> str:
    if value is None or isinstance(value, str):
        return value or "-"
    digits, _, power = f"{value:.2e}".partition("e")
    whole = digits.replace(".", "").rstrip("0") or "0"
    short = f"{whole}e{int(power) - len(whole.lstrip('-')) + 1}"
    return min((short, f"{value:.3g}"), key=len)


def _pack(name: str) -> Callable[[Any], Any]:
    return _PACKED.get(name, runs)


_PACKED: Mapping[str, Callable[[Any], Any]] = {
    "address": named,
    "shape": tabled,
    "place": steps,
    "error": figures,
    "noise": figures,
    "ratio": figures,
    "bits": figures,
    "max": figures,
    "in": tabled,
    "more": scattered,
}
