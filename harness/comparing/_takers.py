"""Which layers take a tensor, and which may where nothing recorded says it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from harness import address as addresses
from harness.alignment_rows import Row
from harness.comparing._places import kind_of

LOSS = "(loss)"


class Takers:
    """The innermost layers that take each tensor, and those that take what nothing recorded makes."""

    def __init__(self, rows: Iterable[Row], places: set[str]) -> None:
        self._places = places
        self._takers: dict[str, list[str]] = defaultdict(list)
        self._of_unknown: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            kind = kind_of(row.address)
            if kind.endswith("_input") and not row.inputs and addresses.kind(row.address) == "layer":
                path = addresses.parse_layer(row.address).path
                self._of_unknown[self._around(path)].append(path)
            if kind in ("layer", "operation", "output"):
                self._add(row, LOSS if kind == "output" else addresses.parse_layer(row.address).path)

    def _add(self, row: Row, path: str) -> None:
        for given in row.inputs:
            if path not in self._takers[given] and path != addresses.ROOT and not _is_within(given, path):
                self._takers[given].append(path)

    def of(self, made: str) -> list[str]:
        """Those of one tensor."""
        return _innermost(self._takers.get(made, []))

    def near(self, path: str) -> tuple[list[str], list[str]]:
        """The module in which an unknown one takes what a layer returns, and which that may be."""
        around = self._around(path)
        return [around], self._of_unknown.get(around, [])

    def _around(self, path: str) -> str:
        module, mark, _ = path.partition("/")
        return module if mark else caller(path, self._places)


def caller(path: str, places: set[str]) -> str:
    """The innermost recorded layer that a layer belongs to."""
    while path:
        path = path.rpartition(".")[0]
        if path in places:
            return path
    return addresses.ROOT


def _is_within(given: str, path: str) -> bool:
    """Whether a tensor is made inside a layer. A module that contains a layer does not consume its result."""
    return given.startswith((f"layer:{path}.", f"layer:{path}/"))


def _innermost(paths: list[str]) -> list[str]:
    return [
        path
        for path in paths
        if not any(other != path and other.startswith((f"{path}.", f"{path}/")) for other in paths)
        and path != addresses.ROOT
    ] or paths
