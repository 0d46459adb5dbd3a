"""Where in the computation each address stands: the first that diverged, and the worst."""

from __future__ import annotations

import math

from harness import address as addresses
from harness.alignment_rows import Row

_ROLES = {"out": "layer", "in": "layer_input", "grad": "layer_grad"}
_STAGES = (
    "input", "layer", "output", "loss", "grad", "grad_input", "state", "sum", "update", "optimizer", "ema",
    "metric",
)  # fmt: skip


def kind_of(address: str) -> str:
    """An address's kind, finer than `address.kind`: layer, layer_input, layer_grad, operation and so on."""
    if addresses.kind(address) != "layer":
        return addresses.kind(address)
    layer = addresses.parse_layer(address)
    kind = _ROLES[layer.role]
    return kind.replace("layer", "operation") if layer.is_operation else kind


def in_order_of_computation(rows: list[Row]) -> list[Row]:
    """Rows as their values come about: inputs, layers forward, outputs, losses, gradients backward, state."""
    places = _Places(rows)
    return sorted(rows, key=places.key)


class _Places:
    """Where in the computation each row stands."""

    def __init__(self, rows: list[Row]) -> None:
        self._calls: dict[tuple[str, int], int] = {}
        self._layers: dict[str, int] = {}
        for row in rows:
            if addresses.kind(row.address) == "layer":
                layer = addresses.parse_layer(row.address)
                if layer.role == "out":
                    self._calls.setdefault((layer.path, layer.call), row.order)
                    self._layers[layer.path] = min(row.order, self._layers.get(layer.path, row.order))

    def key(self, row: Row) -> tuple[float, ...]:
        """What to sort by. Gradients arise backward: those of the layer that ran last come first."""
        kind = addresses.kind(row.address)
        if kind == "layer":
            layer = addresses.parse_layer(row.address)
            if layer.role != "grad":
                return _STAGES.index("layer"), row.order
            place = self._calls.get((layer.path, layer.call), -1)
            return _STAGES.index("grad"), -place, 0, row.order
        if kind == "grad":
            return _STAGES.index("grad"), -self._owner(row.address.partition(":")[2]), 1, row.order
        return _STAGES.index(kind), row.order

    def _owner(self, parameter: str) -> int:
        """The place of a parameter's layer: its first call, where the gradient of a shared one is done."""
        path = parameter
        while path:
            path = path.rpartition(".")[0]
            if (path or addresses.ROOT) in self._layers:
                return self._layers[path or addresses.ROOT]
        return -1


def first_diverged(rows: list[Row]) -> Row | None:
    """The first diverged row in the order of computation."""
    return next((row for row in in_order_of_computation(rows) if row.verdict.status == "diverged"), None)


def worst_row(rows: list[Row]) -> Row | None:
    """The row furthest beyond its limit, or nearest to it; the earliest of equals.

    What diverged is worse than anything else, and what cannot be measured is off by no finite factor.
    """
    ordered = in_order_of_computation(rows)
    diverged = [row for row in ordered if row.verdict.status == "diverged"]
    judged = diverged or [row for row in ordered if _used(row) is not None]
    return max(judged, key=lambda row: math.inf if _used(row) is None else _used(row) or 0.0, default=None)


def _used(row: Row) -> float | None:
    return row.verdict.ratio if row.verdict.status in ("aligned", "diverged") else None
