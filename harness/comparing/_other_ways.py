"""Operations that are given other things and make the same of them: another way to write the same formula."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from harness import address as addresses
from harness.alignment_rows import Row
from harness.comparing._places import kind_of
from harness.verdict import Verdict


def excuse_other_ways(rows: Iterable[Row]) -> None:
    """Do not judge what an operation is given where all that it returns agrees; the rows are changed.

    An operation may be given a transposed weight, a mask of another type or a bias with more axes. What comes
    straight from another layer or operation is judged all the same.
    """
    given: list[Row] = []
    agrees: dict[tuple[str, int], bool] = defaultdict(lambda: True)
    for row in rows:
        kind = kind_of(row.address)
        if kind == "operation_input" and row.verdict.status == "diverged" and not row.inputs:
            given.append(row)
        elif kind == "operation":
            agrees[_call(row)] &= row.verdict.status == "aligned"
    returned = set(agrees)
    for row in given:
        if _call(row) in returned and agrees[_call(row)]:
            why = f"what is made of it agrees, so it is another way to the same: {row.verdict.reason}"
            row.verdict = Verdict("not compared", "pairing", why)


def _call(row: Row) -> tuple[str, int]:
    layer = addresses.parse_layer(row.address)
    return layer.path, layer.call
