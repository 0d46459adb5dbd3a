"""A port that raises where tensors of another shape do not fit has diverged where the first one came up."""

from __future__ import annotations

from harness import address as addresses
from harness.alignment import Alignment
from harness.alignment_rows import Row, Source
from harness.comparing._places import first_diverged, kind_of

_OF_LAYERS = ("layer", "operation", "layer_input", "operation_input")


def stopped_at_another_shape(alignment: Alignment) -> Row | None:
    """What diverged first, if that has another shape and the port ended by an error of its own after it."""
    _, candidate = alignment.names
    side = alignment.sides[candidate]
    others = [other for name, other in alignment.sides.items() if name != candidate]
    if side.status != "failed" or side.signal or side.was_ended:
        return None
    if any(other.status == "failed" and not other.was_ended for other in others):
        return None
    row = first_diverged(alignment.rows)
    is_shape = row is not None and row.found == "both" and row.obstacle is not None
    return row if is_shape and row is not None and kind_of(row.address) in _OF_LAYERS else None


def first_of_another_shape(row: Row) -> Source:
    """The source that it is."""
    path = addresses.parse_layer(row.address).path
    return Source(row.address, "forward", [path], row.verdict.reason)
