"""Reads the knowledge base and finds its entries on a name."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from harness.errors import BadInput
from harness.own_name import command

_FILE = Path(__file__).parent / "entries.json"


@dataclass(frozen=True)
class Entry:
    """One fact: what Jittor does where torch does something else.

    `operations` are the layers and functions it is about, in torch's words; `attributes` the arguments it
    turns on. `uses` are the names of Jittor whose use alone calls for the warning. `signs` are the
    signatures of the error that it causes. `since` is the version of Jittor it was measured on.
    """

    id: str
    title: str
    operations: tuple[str, ...]
    does: str
    measured: str
    instead: str
    attributes: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    since: str = "1.3.11.0"


@cache
def entries() -> dict[str, Entry]:
    """Every entry by its name."""
    found: dict[str, Entry] = {}
    for name, data in json.loads(_FILE.read_text(encoding="utf-8")).items():
        fields: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        found[name] = Entry(name, **fields)
    return found


def entry(name: str) -> Entry:
    """The entry of that name."""
    return entries()[name]


def search(operation: str) -> list[Entry]:
    """The entries on an operation, or on one spelled nearly so; BadInput where there is none."""
    wanted = _bare(operation)
    found = [item for item in entries().values() if wanted in (_bare(item.id), *map(_bare, item.operations))]
    if found:
        return found
    known = {_bare(name): name for item in entries().values() for name in (item.id, *item.operations)}
    close = difflib.get_close_matches(wanted, known, n=3)
    hint = f"; near it: {', '.join(known[name] for name in close)}" if close else ""
    raise BadInput(
        f"the knowledge base has no entry on {operation!r}{hint}. That is no promise that the frameworks "
        f"agree: `{command('explain --op all')}` lists what it has"
    )


def that_raise(kinds: Iterable[str], text: str) -> list[Entry]:
    """The entries on operations that raise in Jittor: of these kinds, or named in what a worker said."""
    named = {_bare(word) for word in (*kinds, *re.findall(r"\w{4,}", text))}
    return [
        item
        for item in entries().values()
        if re.search(r"\braises\b", item.does) and named & set(map(_bare, item.operations))
    ]


def of_class(name: str) -> Entry | None:
    """The entry that warns of a name of Jittor, such as jittor.nn.BatchNorm."""
    return _by_use().get(name)


@cache
def _by_use() -> dict[str, Entry]:
    return {name: item for item in entries().values() for name in item.uses}


def _bare(name: str) -> str:
    plain = name.rpartition(".")[2].lower().replace("_", "").replace("-", "")
    return plain.removesuffix("1d").removesuffix("2d").removesuffix("3d")
