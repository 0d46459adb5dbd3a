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
from harness.knowledge._measured import is_so, span
from harness.own_name import command

KINDS = (
    "same", "renamed", "argument renamed", "Jittor has more", "default differs", "torch has more", "usage",
    "input type", "return type", "composed", "to delete", "missing", "numerical", "gradient", "state",
)  # fmt: skip
"""How an operation differs: the twelve classes of a mapping of names, and three of what is computed."""
_FILE = Path(__file__).parent / "entries.json"


@dataclass(frozen=True)
class Entry:
    """One fact: what Jittor does where torch does something else.

    `operations` are the layers and functions it is about, in torch's words; `attributes` the arguments it
    turns on. `uses` are the names of Jittor whose use alone calls for the warning. `signs` are the
    signatures of the error that it causes. `kind` is one of KINDS, `issue` where others met it. `since` and
    `until` are the first and the last measured version of Jittor in which it is so; `until` is empty where
    it is so in the newest.
    """

    id: str
    title: str
    kind: str
    operations: tuple[str, ...]
    does: str
    measured: str
    instead: str
    attributes: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    issue: str = ""
    since: str = ""
    until: str = ""


@cache
def entries() -> dict[str, Entry]:
    """Every entry by its name."""
    found: dict[str, Entry] = {}
    for name, data in json.loads(_FILE.read_text(encoding="utf-8")).items():
        fields: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        since, until = span(name)
        found[name] = Entry(name, **fields, since=since, until=until)
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


def that_raise(kinds: Iterable[str], text: str, version: str = "") -> list[Entry]:
    """The entries on operations that raise in a Jittor: of these kinds, or named in what a worker said."""
    named = {_bare(word) for word in (*kinds, *re.findall(r"\w{4,}", text))}
    return [
        item
        for item in entries().values()
        if re.search(r"\braises\b", item.does)
        and is_so(item.id, version)
        and named & set(map(_bare, item.operations))
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
