"""Layers run alone where tensors of another shape went on as the port made them.

A layer that takes such a tensor is not given what the reference gives. Where its values are the same, the
other shape is no error. Where they are not, the layer before made the error, and this one did not run alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness import address as addresses
from harness.alignment_rows import Row
from harness.comparing._places import kind_of
from harness.comparing._shape_roots import keep_first
from harness.comparing._takers import caller

Call = tuple[str, int]


def keep_makers(rows: Sequence[Row], carried: Mapping[str, str]) -> None:
    """Take back what was judged of layers that others only made look wrong.

    `carried` says of each address at which a tensor of another shape arrived where it was made.
    """
    take_back_behind_wrong_shapes(rows, carried)
    if keep_first(rows, carried):
        return
    wrong = {row.address: row for row in rows if _is_wrong(row)}
    unlike = {address for address, row in wrong.items() if row.obstacle is not None}
    taken = {address: origin for address, origin in carried.items() if address not in unlike}
    made_wrong = {origin for address, origin in taken.items() if address in wrong}
    harmless = {origin for origin in taken.values() if origin in unlike} - made_wrong
    reached = {_place(address) for address, origin in carried.items() if origin in made_wrong}
    apart = [
        row
        for row in rows
        if row.address in harmless
        or _is_of(row, reached)
        or (row.address in unlike and _is_operation(row))
        or (made_wrong and kind_of(row.address) in _GRADIENTS)
    ]
    dropped = {row.address for row in apart}
    if any(address not in dropped for address in wrong):
        _take_back(apart)


_INPUTS = ("layer_input", "operation_input")  # the gradient of an input of the model is none
_GRADIENTS = ("layer_grad", "operation_grad")  # they come back through such tensors


def take_back_behind_wrong_shapes(rows: Sequence[Row], carried: Mapping[str, str]) -> None:
    """Take back what comes of layers that are given a tensor of another shape which no call made in it.

    They did not run on what the reference gives them, nor did anything that takes what they give on. What
    is taken later in the same module and is made by nothing recorded may come of that.
    """
    begins = {
        _call(row.address) for row in rows if _is_given_another_shape(row) and row.address not in carried
    }
    arrived = _of_unknown(rows, begins)
    reached = begins | {_call(address) for address in arrived}
    while more := {
        address for address, origin in carried.items() if address not in arrived and _is_in(origin, reached)
    }:
        arrived |= more
        reached |= {_call(address) for address in more if kind_of(address) in _INPUTS}
    _take_back([row for row in rows if begins and _comes_behind(row, begins, reached, arrived)])


def _of_unknown(rows: Sequence[Row], begins: set[Call]) -> set[str]:
    """Wrong inputs that nothing recorded makes, after calls in the same module that make another shape."""
    places = {_place(row.address) for row in rows if addresses.kind(row.address) == "layer"}
    first: dict[str, int] = {}
    for row in rows:
        if kind_of(row.address) == "layer" and row.obstacle is not None and _call(row.address) in begins:
            first.setdefault(caller(_place(row.address), places), row.order)
    return {
        row.address
        for row in rows
        if kind_of(row.address) in _INPUTS
        and _is_wrong(row)
        and not row.inputs
        and _call(row.address) not in begins
        and row.order > first.get(_caller_of(row, places), row.order)
    }


def _caller_of(row: Row, places: set[str]) -> str:
    layer = addresses.parse_layer(row.address)
    return layer.module if layer.is_operation else caller(layer.path, places)


def _is_given_another_shape(row: Row) -> bool:
    return kind_of(row.address) == "layer_input" and row.obstacle is not None and _is_wrong(row)


def _comes_behind(row: Row, begins: set[Call], reached: set[Call], arrived: set[str]) -> bool:
    kind = kind_of(row.address)
    if addresses.kind(row.address) != "layer":
        return kind in ("grad", "state") and _owner(row.address) in {path for path, _ in reached}
    if kind in _GRADIENTS or row.address in arrived:
        return True
    is_where_it_begins = kind == "layer_input" and _call(row.address) in begins
    return _is_in(row.address, reached) and not is_where_it_begins


def _is_in(address: str, calls: set[Call]) -> bool:
    """Whether a tensor belongs to one of these calls, or to what runs inside one of them."""
    layer = addresses.parse_layer(address)
    return any(call == layer.call and addresses.lies_in(layer.path, path) for path, call in calls)


def _call(address: str) -> Call:
    layer = addresses.parse_layer(address)
    return layer.path, layer.call


def _take_back(rows: Iterable[Row]) -> None:
    for row in rows:
        row.isolated = None


def _is_wrong(row: Row) -> bool:
    return row.isolated is not None and row.isolated.verdict.status == "diverged"


def _is_operation(row: Row) -> bool:
    """Operations are paired by their order, which another structure does not keep."""
    return kind_of(row.address).startswith("operation")


def _place(address: str) -> str:
    return addresses.parse_layer(address).path


def _is_of(row: Row, paths: set[str]) -> bool:
    """Whether a row is of one of these layers, or of a parameter or buffer of one."""
    if addresses.kind(row.address) == "layer":
        return _place(row.address) in paths
    return kind_of(row.address) in ("grad", "state") and _owner(row.address) in paths


def _owner(address: str) -> str:
    return address.partition(":")[2].rpartition(".")[0] or addresses.ROOT
