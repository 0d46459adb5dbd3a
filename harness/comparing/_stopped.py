"""A port that raises where tensors of another shape do not fit has diverged where the first one came up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness import address as addresses
from harness.alignment import Alignment
from harness.alignment_rows import Row, Source
from harness.comparing._places import first_diverged, kind_of

_OF_LAYERS = ("layer", "operation", "layer_input", "operation_input")


def stopped_at_another_shape(alignment: Alignment) -> Row | None:
    """What diverged first, if that has another shape and the port ended by an error of its own after it."""
    row = first_diverged(alignment.rows) if stopped_by_itself(alignment) else None
    is_shape = row is not None and row.found == "both" and row.obstacle is not None
    return row if is_shape and row is not None and kind_of(row.address) in _OF_LAYERS else None


def stopped_by_itself(alignment: Alignment) -> bool:
    """Whether the port ended by an error of its own, and nothing else failed."""
    _, candidate = alignment.names
    side = alignment.sides[candidate]
    others = [other for name, other in alignment.sides.items() if name != candidate]
    if side.status != "failed" or side.signal or side.was_ended:
        return False
    return not any(other.status == "failed" and not other.was_ended for other in others)


def sources_of_stopped(alignment: Alignment) -> list[Source]:
    """What has another shape first, where the port ended after it."""
    row = stopped_at_another_shape(alignment)
    if row is None:
        return []
    path = addresses.parse_layer(row.address).path
    return [Source(row.address, "forward", [path], row.verdict.reason)]


def take_back_takers(rows: Iterable[Row], carried: Mapping[str, str]) -> None:
    """Take back what was judged of layers that took a tensor in the port's own shape: none ran alone.

    `carried` says of each address at which such a tensor arrived where it was made.
    """
    arrived = [addresses.parse_layer(address) for address in carried if address.startswith("layer:")]
    takers = {(layer.path, layer.call) for layer in arrived if layer.role == "in"}
    for row in rows:
        layer = addresses.parse_layer(row.address) if row.address.startswith("layer:") else None
        is_made = layer is not None and layer.role == "out" and (layer.path, layer.call) in takers
        if row.address in carried or is_made:
            row.isolated = None
