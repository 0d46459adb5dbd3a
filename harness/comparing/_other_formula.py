"""Another formula: what differs inside a model and has to, because what agrees is made of it.

A port may compute the same by other operations. Results of one name are then other values, while what comes
of them agrees. An error whose effect is hidden from this input looks alike. An experiment tells them apart:
the port goes on with the reference's value in the place of its own. Where that one is right, all that agreed
still agrees. Where something that agreed breaks, the port's own value was the right one for what it computes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from harness import address as addresses
from harness.alignment import Alignment
from harness.alignment_rows import Row
from harness.comparing._inner import is_inner, outside_agrees
from harness.comparing._measuring import TensorMeter
from harness.comparing._places import kind_of
from harness.comparing._regrouped import BREAKS
from harness.trace import Trace

_MOST_TRIALS = 24
_RESULTS = ("layer", "operation")


class Scope(NamedTuple):
    """Where an experiment shows: in a module, or in one call of it alone.

    What runs in a module belongs to a call of it by its own number, if that is `alike`.
    """

    path: str
    call: int | None = None
    alike: bool = True

    def holds(self, address: str) -> bool:
        """Whether a tensor is of this module or call, or of what runs in it."""
        if not address.startswith("layer:"):
            return self.path == addresses.ROOT
        layer = addresses.parse_layer(address)
        if self.call is not None and layer.call != self.call:
            return False
        inside = addresses.is_inside(address, addresses.layer(self.path, 0, "out"))
        return layer.module == self.path or (self.alike and inside)

    def meets(self, other: Scope) -> bool:
        """Whether what is tried in one of the two shows in the other as well."""
        if self.path == other.path:
            return None in (self.call, other.call) or self.call == other.call
        return _is_around(self.path, other.path) or _is_around(other.path, self.path)


def _is_around(outer: str, path: str) -> bool:
    return outer == addresses.ROOT or path.startswith(f"{outer}.")


@dataclass
class ForcedTrial:
    """One run of the port in which the results at `tried` are the reference's, each in another scope."""

    tried: dict[str, Scope] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    @property
    def addresses(self) -> list[str]:
        """What is paired in this run."""
        return [*self.seen, *self.tried]


def differs_inside(rows: Sequence[Row]) -> bool:
    """Whether something differs, and all that does stays inside a model whose results agree."""
    diverged = [row for row in rows if row.verdict.status == "diverged"]
    return bool(diverged) and all(map(is_inner, diverged)) and outside_agrees(rows)


def trials(alignment: Alignment, reference: Trace) -> list[ForcedTrial]:
    """The runs that tell whether what differs inside has to."""
    results = [row for row in alignment.rows if _is_tried(row, reference)]
    agrees = [row for row in alignment.rows if row.verdict.status == "aligned" and row.obstacle is None]
    around = _Modules(alignment.rows)
    found: list[ForcedTrial] = []
    for row in results:
        scope = around.scope(row)
        trial = next((one for one in found if not any(map(scope.meets, one.tried.values()))), None)
        if trial is None:
            trial = ForcedTrial(seen=[one.address for one in agrees])
            found.append(trial)
        trial.tried[row.address] = scope
    return found if len(found) <= _MOST_TRIALS else []


def _is_tried(row: Row, reference: Trace) -> bool:
    """Whether a result can be exchanged: it has the reference's form, and is no other one by another name."""
    alone = row.verdict.status == "diverged" and row.obstacle is None and kind_of(row.address) in _RESULTS
    return alone and reference.records[row.address].alias is None


class _Modules:
    """The modules that were recorded: whether all that each returned agrees, and how often each is called."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._agrees: dict[str, bool] = defaultdict(lambda: True)
        self._calls: dict[str, int] = defaultdict(int)
        for row in rows:
            if kind_of(row.address) == "layer":
                layer = addresses.parse_layer(row.address)
                self._agrees[layer.path] &= row.verdict.status == "aligned"
                self._calls[layer.path] = max(self._calls[layer.path], layer.call + 1)

    def scope(self, row: Row) -> Scope:
        """The innermost module around a result that returned what the reference's did; the call, if known."""
        layer = addresses.parse_layer(row.address)
        path = layer.module
        if layer.is_operation and self._agrees.get(path, False):
            return Scope(path) if self._calls[path] == 1 else Scope(path, layer.call, self._alike(path))
        while path := path.rpartition(".")[0]:
            if self._agrees.get(path, False):
                return Scope(path)
        return Scope(addresses.ROOT)

    def _alike(self, path: str) -> bool:
        """Whether all that runs in a module runs as often as it does."""
        inner = (count for name, count in self._calls.items() if name.startswith(f"{path}."))
        return all(count == self._calls[path] for count in inner)


def needed(trial: ForcedTrial, reference: Trace, forced: Trace) -> list[str]:
    """Of the results that a trial exchanged, those without which something that agreed no longer does."""
    meter = TensorMeter(reference, forced)
    broken = [address for address in trial.seen if address in forced.records and _breaks(meter, address)]
    return [address for address, scope in trial.tried.items() if any(map(scope.holds, broken))]


def _breaks(meter: TensorMeter, address: str) -> bool:
    measured = meter.measure(address)
    return measured is not None and not measured.difference.rel_l2 <= BREAKS
