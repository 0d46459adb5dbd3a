"""Where a tensor of another shape comes up first: what comes of it did not run alone, and makes no error.

Operations are paired by their order. Where a module runs the same ones on both sides, the first one that
makes another shape is the place of the error, or what it is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness import address as addresses
from harness.alignment_rows import Row
from harness.comparing._places import in_order_of_computation, kind_of

Key = tuple[str, int]


def keep_first(rows: Sequence[Row], carried: Mapping[str, str]) -> bool:
    """Take back what comes of operations that make another shape first, if there are such ones.

    `carried` says of each address at which a tensor of another shape arrived where it was made.
    """
    wrong = {row.address: row for row in rows if row.isolated and row.isolated.verdict.status == "diverged"}
    places = {
        address: place for place, address in enumerate(r.address for r in in_order_of_computation([*rows]))
    }
    reached = {_key(address) for address in carried}
    roots = [address for address in dict.fromkeys(carried.values()) if not _is_reached(address, reached)]
    if not roots or not all(_is_root(address, wrong, rows) for address in roots):
        return False
    own = [address for address in roots if not _follows(wrong[address], roots, wrong, places)]
    begins = {_key(address): places[address] for address in own}
    after = [row for row in wrong.values() if _comes_of(row, begins, reached, places)]
    after += [wrong[address] for address in roots if address not in own]
    if all(row.obstacle is not None for row in after):
        return False  # shapes alone: what takes them says whether their values are right
    given = {_key(row.address) for row in after if kind_of(row.address).endswith("_input")}
    after += [
        row for row in wrong.values() if row.address.startswith("layer:") and _key(row.address) in given
    ]
    for row in rows:
        if row in after or kind_of(row.address) in _GRADIENTS:
            row.isolated = None
    return True


_GIVEN_A_SIZE = ("interpolate", "pad", "expand", "repeat", "adaptive_avg_pool2d", "adaptive_max_pool2d")
_GRADIENTS = ("layer_grad", "operation_grad", "grad", "grad_input")


def _is_root(address: str, wrong: Mapping[str, Row], rows: Sequence[Row]) -> bool:
    """Whether an operation makes another shape, in a module that runs the same operations on both sides."""
    row = wrong.get(address)
    if row is None or row.obstacle is None or kind_of(address) != "operation":
        return False
    layer = addresses.parse_layer(address)
    return all(
        other.found == "both"
        for other in rows
        if kind_of(other.address) == "operation"
        and addresses.parse_layer(other.address).module_call == layer.module_call
    )


def _follows(row: Row, roots: Sequence[str], wrong: Mapping[str, Row], places: Mapping[str, int]) -> bool:
    """Whether an operation is given the right tensor and a size, which may be that of an earlier root."""
    beside = [address for address in wrong if address.startswith("layer:") and address != row.address]
    if row.type not in _GIVEN_A_SIZE or any(_key(address) == _key(row.address) for address in beside):
        return False
    module = addresses.parse_layer(row.address).module_call
    return any(
        addresses.parse_layer(root).module_call == module and places[root] < places[row.address]
        for root in roots
    )


def _is_reached(address: str, reached: set[Key]) -> bool:
    """Whether a layer, or one around it, takes a tensor of another shape."""
    key = _key(address)
    return key in reached or any(_is_in(key[0], path) for path, _ in reached if path != addresses.ROOT)


def _comes_of(row: Row, begins: Mapping[Key, int], reached: set[Key], places: Mapping[str, int]) -> bool:
    """Whether what is wrong lies behind a root: it takes what comes of it, or nobody knows what it takes."""
    if addresses.kind(row.address) != "layer":
        return kind_of(row.address) in ("output", "loss", "state")
    key, place = _key(row.address), places[row.address]
    if key in begins:
        return False
    if _is_reached(row.address, reached):
        return True
    if any(
        _key(given) in reached or _key(given) in begins for given in row.inputs if given.startswith("layer:")
    ):
        return True
    return not row.inputs and any(
        place > begin and _is_in(key[0], path.partition("/")[0]) for (path, _), begin in begins.items()
    )


def _key(address: str) -> Key:
    layer = addresses.parse_layer(address)
    return layer.path, layer.call


def _is_in(path: str, module: str) -> bool:
    return module == addresses.ROOT or addresses.lies_in(path, module)
