"""Rules for a stored alignment beyond the types of its fields: reports and judgements rely on them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any, Protocol

from harness import address as addresses
from harness import json_codec
from harness.alignment_rows import Row, SideReport
from harness.evidence import Evidence
from harness.pairs.base import Override

_MOST_ROWS = 200_000
_MOST_BESIDE_ROWS = 300_000
_MOST_OVERRIDES = 256
_LONGEST_PATTERN = 1_000
_LONGEST_ADDRESS = 2_000
_ANY_SIGN = frozenset(["cosine", "worst_reference", "worst_candidate"])


class RuledAlignment(Protocol):
    """The parts of an alignment that have rules."""

    sides: dict[str, SideReport]
    rows: list[Row]
    overrides: list[Override]
    evidence: Evidence


def require_modest(data: dict[str, object]) -> None:
    """Refuse data with more values than an alignment can have, before they are decoded."""
    rows = data.get("rows")
    if isinstance(rows, list) and len(rows) > _MOST_ROWS:
        raise json_codec.Unfit(f"it has {len(rows):,} rows, it should have at most {_MOST_ROWS:,}")
    found = sum(1 for name in data if name != "rows" for _ in _values(data[name]))
    if found > _MOST_BESIDE_ROWS:
        raise json_codec.Unfit(
            f"it has {found:,} values beside its rows, it should have at most {_MOST_BESIDE_ROWS:,}"
        )


def check(alignment: RuledAlignment) -> None:
    """Refuse an alignment whose parts do not fit together."""
    if len(alignment.sides) != 2:
        raise json_codec.Unfit(f"sides are {', '.join(alignment.sides) or 'none'}, they should be two")
    _check_overrides(alignment)
    for row in alignment.rows:
        _check_row(row)
    known = {row.address for row in alignment.rows}
    if len(known) != len(alignment.rows):
        raise json_codec.Unfit("two rows have the same address")
    alignment.evidence.check()
    for picture in alignment.evidence.pictures:
        if picture.address not in known:
            raise json_codec.Unfit("a picture should be of the address of a row")
    for name in ("first", "worst"):
        if (place := getattr(alignment, name)) is not None and place not in known:
            raise json_codec.Unfit(f"{name} is {json_codec.short(place)}, it should be the address of a row")


def _check_overrides(alignment: RuledAlignment) -> None:
    if len(alignment.overrides) > _MOST_OVERRIDES:
        raise json_codec.Unfit(
            f"it has {len(alignment.overrides)} overrides, it should have at most {_MOST_OVERRIDES}"
        )
    for place, rule in enumerate(alignment.overrides):
        if len(rule.pattern) > _LONGEST_PATTERN:
            raise json_codec.Unfit(
                f"overrides[{place}].pattern has {len(rule.pattern):,} letters; {_LONGEST_PATTERN} are most"
            )
        for name in ("atol", "rtol"):
            if not 0 <= getattr(rule, name) < math.inf:
                raise json_codec.Unfit(
                    f"overrides[{place}].{name} is {getattr(rule, name)}, it should be 0 or more"
                )


def _check_row(row: Row) -> None:
    if len(row.address) > _LONGEST_ADDRESS:
        raise json_codec.Unfit(
            f"an address has {len(row.address):,} letters; {_LONGEST_ADDRESS:,} are the most"
        )
    try:
        if addresses.kind(row.address) == "layer":
            addresses.parse_layer(row.address)
    except ValueError as error:
        raise json_codec.Unfit(str(error)) from error
    if (row.measured is None) == (row.obstacle is None):
        raise json_codec.Unfit(f"row {row.address} should have either measures or an obstacle")
    if any(length < 0 for length in row.shape):
        raise json_codec.Unfit(f"row {row.address} has the shape {row.shape}, lengths should be 0 or more")
    for measured in (row.measured, row.isolated and row.isolated.measured):
        for part in (measured, measured and measured.difference):
            _check_signs(row, part)


def _check_signs(row: Row, part: Any) -> None:
    for item in dataclasses.fields(part) if part is not None else ():
        value = getattr(part, item.name)
        if isinstance(value, int | float) and value < 0 and item.name not in _ANY_SIGN:
            raise json_codec.Unfit(f"row {row.address} has {item.name} {value}, it should be 0 or more")


def _values(data: Any) -> Iterator[Any]:
    """Every value in data of lists and objects, however deep."""
    left = [data]
    while left:
        value = left.pop()
        yield value
        if isinstance(value, dict):
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)
