"""Sources in a module that runs other operations in the port: what comes after the first follows from it.

There an operation may stand for another one of the same name, and is handed results that mean something else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness import address as addresses
from harness.alignment import Alignment
from harness.alignment_rows import Source
from harness.comparing import kind_of
from harness.diagnose import Cause

Key = tuple[str, int]
_OPERATIONS = ("operation", "operation_input")
_NAMES = re.compile(r"layer:\S+|\S+/\w+\.\d+|\d+")


def told(alignment: Alignment, sources: Sequence[Source], causes: Sequence[Cause]) -> list[Cause]:
    """The causes, where the first one of such a module is explained and others are claimed beside it."""
    rebuilt = {
        addresses.parse_layer(row.address).module_call
        for row in alignment.rows
        if row.found != "both" and kind_of(row.address) == "operation"
    }
    first: dict[Key, tuple[str, Cause]] = {}
    found = []
    for source, cause in zip(sources, causes, strict=True):
        is_operation = kind_of(source.address) in _OPERATIONS
        key = addresses.parse_layer(source.address).module_call if is_operation else None
        if key in rebuilt and key in first:
            cause = cause if _says_the_same(cause, first[key][1]) else _following(cause, first[key][0])
        elif key in rebuilt and key is not None and cause.found and not cause.fitted:
            first[key] = source.address, cause
        found.append(cause)
    return found


def _says_the_same(cause: Cause, first: Cause) -> bool:
    """Whether the same is told of another place: what is done once a level is wrong once a level."""
    ours, its = (_NAMES.sub("", one.hypothesis) for one in (cause, first))
    return cause.found and not cause.fitted and bool(ours) and ours == its


def _following(cause: Cause, first: str) -> Cause:
    words = f"none of its own: the port runs other operations here, and this follows from {first}."
    return Cause(False, words, tried=cause.tried)
