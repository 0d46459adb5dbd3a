"""Sources that one edit makes: layers of one class in which the same attributes differ in the same way."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from harness.alignment import Alignment
from harness.alignment_rows import Source
from harness.comparing import kind_of
from harness.diagnose import Cause

Key = tuple[object, ...]


def groups(alignment: Alignment, sources: Sequence[Source]) -> list[list[Source]]:
    """The sources, those together that differ alike; one where no attribute differs stays alone."""
    found: dict[Key, list[Source]] = {}
    for source in sources:
        found.setdefault(_key(alignment, source), []).append(source)
    return list(found.values())


def _key(alignment: Alignment, source: Source) -> Key:
    differing = tuple(sorted(_differing(alignment, source)))
    if not differing:
        return (source.address,)
    return (source.direction, kind_of(source.address), alignment.row(source.address).type, differing)


def _differing(alignment: Alignment, source: Source) -> Iterable[tuple[str, str, str]]:
    for item in alignment.attributes:
        if item.layer in source.layers:
            yield item.name, repr(item.reference), repr(item.port)


def of_all(alignment: Alignment, group: Sequence[Source], cause: Cause) -> Cause | None:
    """The cause of one member for its whole group, if it is what differs in all of them alike."""
    names = {name for name, _, _ in _differing(alignment, group[0])}
    if len(group) == 1 or not cause.found or cause.attribute not in names:
        return None
    kind = alignment.row(group[0].address).type
    words = f"{cause.sentence.removesuffix('.')}; it differs so in {len(group)} places of the class {kind}."
    return dataclasses.replace(cause, sentence=words)
