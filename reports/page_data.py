"""What the page's script draws from: rows in short, and all that a layer's panel shows, as plain data.

A row has FIELDS; the page holds them as columns. Inputs that repeat their producer, as most do, are left
out and counted. Figures have three digits, as many as anybody reads.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness import address as addresses
from harness.alignment import Alignment
from harness.alignment_rows import Row
from harness.comparing import in_order_of_computation, kind_of
from harness.evidence import TensorPicture
from harness.own_name import command
from harness.text import printable
from reports import sentences, summaries
from reports.columns import packed
from reports.hints import again, known
from reports.roles import Role, repeats, roles
from reports.series import as_data, by_depth
from reports.words import bits, size

FIELDS = (
    "address", "type", "shape", "place", "status", "error", "noise", "ratio", "bits", "role", "leaf", "kind",
    "side", "max", "in", "more",
)  # fmt: skip
MOST_ROWS = 6000
_STATES = ("diverged", "inconclusive", "aligned", "inner", "skipped", "not compared")
_ROLES = ("", "source", "carrier", "neither")
_SIDES = ("both", "reference", "candidate")
_QUIET = ("aligned",)


def page_data(alignment: Alignment) -> dict[str, Any]:
    """Everything for the script."""
    rows = in_order_of_computation(alignment.rows)
    shown = _kept(_unfolded(rows), alignment)
    types = list(dict.fromkeys(row.type for row in shown))
    kinds = list(dict.fromkeys(kind_of(row.address) for row in shown))
    places = {row.address: place for place, row in enumerate(shown)}
    made = _Rows(types, kinds, roles(alignment), _parents(rows), places)
    data = {
        "fields": FIELDS,
        "types": types,
        "kinds": [kind.replace("_", " ") for kind in kinds],
        "states": _STATES,
        "roles": _ROLES,
        "sides": _SIDES,
        "names": alignment.names if alignment.sides else ("", ""),
        "tensors": len(rows),
        "folded": len(rows) - len(shown),
        "first": places.get(alignment.first or "", -1),
        "charts": as_data(by_depth(alignment), places),
        "sources": [
            [one.address, one.direction, one.layers, one.cause, [known(entry) for entry in one.entries]]
            for one in alignment.sources
        ],
        "attributes": [[one.layer, one.name, one.reference, one.port] for one in alignment.attributes],
        "layers": {one.layer: [one.reference, one.port] for one in alignment.evidence.layers},
        "pictures": {one.address: _picture(one) for one in alignment.evidence.pictures},
        "reproduce": command("reproduce alignment.json"),
        "again": again(alignment),
    }
    rows_of_page = packed([_clean(made.row(row)) for row in shown], FIELDS)
    return {name: _clean(value) for name, value in data.items()} | {"rows": rows_of_page}


@dataclass(frozen=True)
class _Rows:
    """Makes rows in the order of FIELDS."""

    types: list[str]
    kinds: list[str]
    roles: Mapping[str, Role]
    parents: set[str]
    places: Mapping[str, int]

    def row(self, row: Row) -> list[Any]:
        role = self.roles.get(row.address)
        return [
            row.address,
            self.types.index(row.type),
            size(row.shape),
            self.places[row.address],
            _STATES.index(row.verdict.status),
            _short(summaries.error(row)),
            _short(summaries.noise(row)),
            _short(row.verdict.ratio),
            bits(summaries.error(row)),
            _ROLES.index(role.name) if role else 0,
            int(not _is_container(row, self.parents)),
            self.kinds.index(kind_of(row.address)),
            _SIDES.index(row.found),
            _short(row.figures.difference.max_abs) if row.figures else None,
            _producers(row, self.places),
            _more(row, role),
        ]


def folded(rows: Sequence[Row]) -> set[str]:
    """Inputs that are another row's tensor and fare just as it does."""
    by_address = {row.address: row for row in rows}
    return {row.address for row in rows if _repeats(row, by_address)}


def _unfolded(rows: Sequence[Row]) -> list[Row]:
    hidden = folded(rows)
    return [row for row in rows if row.address not in hidden]


def _repeats(row: Row, by_address: Mapping[str, Row]) -> bool:
    is_input = kind_of(row.address).endswith("_input")
    return is_input and row.isolated is None and bool(repeats(row, by_address))


def _kept(rows: list[Row], alignment: Alignment) -> list[Row]:
    """At most MOST_ROWS, those that did not align among them."""
    if len(rows) <= MOST_ROWS:
        return rows
    quiet = MOST_ROWS - sum(row.verdict.status not in _QUIET for row in rows)
    kept = []
    for row in rows:
        if row.verdict.status in _QUIET:
            quiet -= 1
        if row.verdict.status not in _QUIET or quiet >= 0 or row.address == alignment.worst:
            kept.append(row)
    return kept[:MOST_ROWS]


def _parents(rows: Sequence[Row]) -> set[str]:
    """The paths that have layers or operations inside."""
    found: set[str] = {addresses.ROOT}
    for row in rows:
        if addresses.kind(row.address) == "layer":
            path = addresses.parse_layer(row.address).path
            while path:
                path = path.rpartition("/" if "/" in path else ".")[0]
                found.add(path)
    return found


def _is_container(row: Row, parents: set[str]) -> bool:
    return addresses.kind(row.address) == "layer" and addresses.parse_layer(row.address).path in parents


def _producers(row: Row, places: Mapping[str, int]) -> list[int | str]:
    """What a tensor is made of: how many rows before it, or an address that the page has no row of."""
    return [places[row.address] - places[one] if one in places else one for one in row.inputs]


def _more(row: Row, role: Role | None) -> dict[str, Any]:
    """What a panel shows beside the row itself; what says nothing is left out."""
    found = row.figures
    more: dict[str, Any] = {}
    if found is not None and row.verdict.status not in _QUIET:
        more["ulp"], more["cos"] = found.difference.max_ulp, _short(found.difference.cosine, 9)
    if row.verdict.status not in _QUIET:
        more["why"] = sentences.reason(row)
    if row.isolated is not None:
        alone = row.isolated
        more["alone"] = [
            _STATES.index(alone.verdict.status), _short(alone.measured.error), _short(alone.measured.noise),
            _short(alone.verdict.ratio),
        ]  # fmt: skip
    more |= {"note": row.note, "role": role.why if role else ""}
    return {name: value for name, value in more.items() if value not in ("", None, [])}


def _picture(found: TensorPicture) -> dict[str, Any]:
    cut = found.slice
    return {
        "at": [
            *cut.at,
            f"{cut.corner[0]}:{cut.corner[0] + cut.rows}",
            f"{cut.corner[1]}:{cut.corner[1] + cut.columns}",
        ],
        "size": [cut.rows, cut.columns],
        "grids": [[one.low, one.high, one.values] for one in (cut.reference, cut.port, cut.difference)],
        "values": [found.values.low, found.values.high, found.values.counts],
        "differences": [found.differences.low, found.differences.high, found.differences.counts],
        "channels": [_short(value) for value in found.channels],
    }


def _short(value: float | None, digits: int = 3) -> float | str | None:
    """A figure as JSON can hold it."""
    if value is None:
        return None
    return float(f"{value:.{digits}g}") if math.isfinite(value) else str(value)


def _clean(value: Any) -> Any:
    """The same data in which every text can be shown."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {printable(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
