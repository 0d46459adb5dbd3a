"""Reads the rows of a page's data back, as its script does, for the tests of what the page shows."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

FIGURES = ("error", "noise", "ratio", "max")
TABLES = ("shape", "in")


def rows_of(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Each row as a mapping from the fields to its values."""
    packed = dict(data["rows"])
    if not packed:
        return []
    more, bits = packed.pop("more"), packed.pop("bits")
    columns = {
        "address": addresses(packed.pop("address")),
        "bits": bits.split(" "),
        "place": places(packed.pop("place")),
    }
    columns |= {name: [number(one) for one in packed.pop(name).split(" ")] for name in FIGURES}
    columns |= {name: listed(*packed.pop(name)) for name in TABLES}
    columns |= {name: long(runs) for name, runs in packed.items()}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return [row | {"more": more.get(str(place), more.get(place, {}))} for place, row in enumerate(rows)]


def addresses(column: dict[str, Any]) -> list[str]:
    """Whole addresses."""
    paths = [""]
    for same, rest in zip(column["paths"][::2], column["paths"][1::2], strict=True):
        paths.append(paths[-1][:same] + rest)
    around = listed(*column["around"])
    return [
        f"{ends[0]}{paths[1 + place]}{ends[1]}"
        for place, ends in zip(places(column["path"]), around, strict=True)
    ]


def places(runs: list[Any]) -> list[int]:
    """Whole numbers from the steps between them."""
    return list(accumulate(long(runs)))


def listed(table: list[Any], runs: list[Any]) -> list[Any]:
    """Values from a table."""
    return [table[place] for place in long(runs)]


def long(runs: list[Any]) -> list[Any]:
    """Each value as often as it stands there."""
    pairs = [one if isinstance(one, list) else [one, 1] for one in runs]
    return [value for value, times in pairs for _ in range(times)]


def number(text: str) -> float | str | None:
    """A figure; None where there is none, and a word where no number can be."""
    if text in ("inf", "-inf", "nan"):
        return text
    return None if text == "-" else float(text)
