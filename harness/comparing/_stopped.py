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


def first_of_another_shape(alignment: Alignment, row: Row) -> Source:
    """The source that it is, and what its layer is told in the port alone."""
    layer = addresses.parse_layer(row.address)
    _, port = alignment.names
    told = [
        f"{one.name}={one.port}, not {one.reference}{_exchanged(one.reference, one.port)}"
        for one in alignment.attributes
        if one.layer == layer.path and layer.role == "out"
    ]
    cause = f"{port} computes {layer.path} with {' and '.join(told)}." if told else ""
    return Source(row.address, "forward", [layer.path], row.verdict.reason, cause=cause)


def _exchanged(ours: object, its: object) -> str:
    """Whether two lists hold the same numbers in another order."""
    if not isinstance(ours, (list, tuple)) or not isinstance(its, (list, tuple)):
        return ""
    same = list(ours) != list(its) and sorted(map(str, ours)) == sorted(map(str, its))
    return " (the same numbers in another order: they are exchanged)" if same else ""
