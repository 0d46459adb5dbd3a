"""What each diverged tensor is: a source of the error, a carrier, or neither, and then why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from harness import address as addresses
from harness.alignment import Alignment
from harness.alignment_rows import Row
from harness.comparing import carries
from harness.language import tr


@dataclass(frozen=True)
class Role:
    """What a tensor does to the error, and how that is known."""

    name: Literal["source", "carrier", "neither"]
    why: str


def roles(alignment: Alignment) -> dict[str, Role]:
    """The role of every source and of every diverged tensor, by address."""
    found = {source.address: Role("source", "") for source in alignment.sources}
    rows = {row.address: row for row in alignment.rows}
    made = {layer: source.address for source in alignment.sources for layer in source.layers}
    for row in alignment.rows:
        if row.verdict.status == "diverged" and row.address not in found:
            found[row.address] = _role(row, alignment, made, rows)
    return found


def _role(row: Row, alignment: Alignment, made: dict[str, str], rows: dict[str, Row]) -> Role:
    if carries(row):
        return Role("carrier", tr("its layer, run alone, makes no error: it passes one on"))
    if row.isolated is None and (repeated := repeats(row, rows)):
        return Role("carrier", tr("it is the tensor {}").format(repeated))
    if not alignment.isolated.ran:
        return Role("neither", alignment.isolated.why or tr("layers were not run alone"))
    if row.isolated is None:
        return Role("neither", tr("nothing was run alone that makes this tensor"))
    source = next((made[path] for path in _around(row.address) if path in made), "")
    if source:
        return Role(
            "neither", tr("wrong alone as well; the source counted for its layer is {}").format(source)
        )
    return Role("neither", tr("wrong alone as well, because what it is given there is wrong"))


def repeats(row: Row, rows: Mapping[str, Row]) -> str:
    """The address of which a row is the very same tensor, faring alike; empty where it is one of its own."""
    if len(row.inputs) != 1 or row.measured is None:
        return ""
    made = rows.get(row.inputs[0])
    if made is None or made.measured is None or made.verdict.status != row.verdict.status:
        return ""
    return made.address if made.measured.difference == row.measured.difference else ""


def _around(address: str) -> Iterator[str]:
    """The layer or module that a tensor belongs to, then those around it."""
    if addresses.kind(address) == "layer":
        path = addresses.parse_layer(address).path
    else:
        path = address.partition(":")[2].rpartition(".")[0]
    yield path or addresses.ROOT
    while path:
        path = path.rpartition("/" if "/" in path else ".")[0]
        yield path or addresses.ROOT
