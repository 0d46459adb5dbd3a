"""Pairing: which addresses of two traces name the same tensor, and why the others cannot be paired."""

from __future__ import annotations

import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from harness import address as addresses
from harness.address import LayerAddress
from harness.alignment_rows import Obstacle
from harness.comparing._places import kind_of
from harness.forms import same_operand, same_shape, same_type, shape_text
from harness.layer_choice import ALL
from harness.numerics import Stats
from harness.trace import Record, Trace

_OWED = ("output", "loss", "metric", "grad", "grad_input", "sum", "update", "optimizer", "ema")
_GRADIENTS = ("grad", "grad_input")
_COMPUTED = ("input", "layer", "output")
_RESULTS = ("output", "loss")
_WAITING = "sum"  # gradients that wait for a step
# A loss is one number: how wide the type is that it is summed up in says nothing, its value is judged.
_TYPED = ("layer", "layer_input", "layer_grad", "operation", "operation_grad", "output", *_GRADIENTS)
_FREE_ORDER = ("add", "mul", "maximum", "minimum")
_BROADCAST = (*_FREE_ORDER, "sub", "div", "pow", "where")
_ALIKE = 1e-3  # of the sizes of two tensors of unlike shapes that look like the same elements


def of_one_form(record: Record, other: Record) -> bool:
    """Whether two tensors of one address have the same shape, or shapes that their taker broadcasts alike."""
    if same_shape(record.shape, other.shape):
        return True
    if kind_of(record.address) != "operation_input":
        return False
    taker = Operation.of(addresses.parse_layer(record.address)).name
    return taker in _BROADCAST and same_operand(record.shape, other.shape)


@dataclass(frozen=True)
class Paired:
    """One address: the record that describes it, where it was found, and what hinders a measurement."""

    record: Record
    found: Literal["both", "reference", "candidate"] = "both"
    obstacle: Obstacle | None = None


class Operation(NamedTuple):
    """All operations of one kind in one call of one module."""

    module: str
    name: str
    call: int

    @classmethod
    def of(cls, layer: LayerAddress) -> Operation:
        """Those that an operation's address belongs to."""
        return cls(layer.module, layer.path.partition("/")[2].rpartition(".")[0], layer.call)


class Pairing:
    """Two traces side by side. `names` is what they are called, reference first."""

    def __init__(self, reference: Trace, candidate: Trace, names: tuple[str, str]) -> None:
        self.reference, self.candidate, self.names = reference, candidate, names
        self._operations = [_operations(trace) for trace in (reference, candidate)]
        self._calls = [_calls(trace) for trace in (reference, candidate)]
        self._kinds = [Counter(map(addresses.kind, trace.records)) for trace in (reference, candidate)]

    def __iter__(self) -> Iterator[Paired]:
        """Every address of the reference, then the results and gradients that only the candidate has."""
        for address, record in self.reference.records.items():
            if address in self.candidate.records:
                yield Paired(record, "both", self._mismatch(record))
            else:
                yield Paired(record, "reference", self._missing(record))
        for address, record in self.candidate.records.items():
            if address not in self.reference.records and self._judged_alone(address):
                yield Paired(record, "candidate", self._only_candidates(record))

    def unpaired(self) -> dict[str, list[str]]:
        """For each side the layers, and the addresses that belong to no layer, that the other lacks."""
        found: dict[str, list[str]] = {}
        for own, other in ((0, 1), (1, 0)):
            known = self._calls[other]
            layers = [path for path in self._calls[own] if known and path not in known]
            trace, against = (self.reference, self.candidate)[own], (self.reference, self.candidate)[other]
            others = [
                address
                for address in trace.records
                if addresses.kind(address) != "layer" and address not in against.records
            ]
            found[self.names[own]] = layers + others
        return found

    def _judged_alone(self, address: str) -> bool:
        """Whether it says something that the reference does not have it; a trace of upstream holds a part."""
        kind, whole = addresses.kind(address), not self.reference.upstream
        if not self.reference.complete:
            return False
        if kind in _RESULTS:
            return whole and self._kinds[0][kind] > 0
        if kind == _WAITING:
            return whole and not self._is_zero(self.candidate, address)
        if kind in _GRADIENTS:
            return self._kinds[0][kind] > 0 or (whole and self._kinds[0]["grad"] > 0)
        return whole and addresses.is_layer_gradient(address) and self._is_reached(address)

    def _is_reached(self, address: str) -> bool:
        """Whether a gradient comes by here on its way to a parameter or an input that should have none.

        By itself it says nothing: Jittor tells the gradient of whatever stands behind a detached tensor, too.
        """
        result = addresses.with_role(address, "out")
        records = [trace.records.get(result) for trace in (self.reference, self.candidate)]
        if any(record is None or record.alias is not None for record in records):
            return False
        return self._goes_too_far and not self._is_zero(self.candidate, address)

    @cached_property
    def _goes_too_far(self) -> bool:
        """Whether a parameter or an input has a gradient in the candidate alone."""
        return any(
            addresses.kind(address) in _GRADIENTS
            and address not in self.reference.records
            and self._judged_alone(address)
            and self.reference.keeps_gradient(address)
            and not self._is_zero(self.candidate, address)
            for address in self.candidate.records
        )

    @staticmethod
    def _is_zero(trace: Trace, address: str) -> bool:
        stats = trace.stats(address)
        return stats.absmax == 0 and stats.nonfinite == 0

    def _only_candidates(self, record: Record) -> Obstacle:
        """What is not in the reference. A gradient was not kept for this parameter, or there is none."""
        if addresses.kind(record.address) in (*_RESULTS, _WAITING):
            return Obstacle(f"{self.names[0]} has none", "diverged")
        if self.reference.keeps_gradient(record.address):
            return self._without_gradient(record, self.candidate, 0)
        return Obstacle(f"{self.names[0]} keeps no gradient of this parameter")

    def _mismatch(self, record: Record) -> Obstacle | None:
        other = self.candidate.records[record.address]
        if addresses.kind(record.address) == "layer":
            layer = addresses.parse_layer(record.address)
            if layer.is_operation:
                if why := self._operations_differ(Operation.of(layer)):
                    return self._of_another_shape(record, other) or Obstacle(why)
                if layer.role == "in" and (exchanged := self._exchanged(layer)):
                    return exchanged
        if of_one_form(record, other):
            return self._of_another_type(record, other)
        shapes = self._said(shape_text(record.shape), shape_text(other.shape), "shape")
        if record.alias and not other.alias and kind_of(record.address) == "operation_input":
            return Obstacle(f"{self.names[1]} changes its form before: {shapes}")
        return Obstacle(shapes, "diverged")

    def _said(self, ours: str, its: str, what: str = "") -> str:
        return f"{what} {ours} in {self.names[0]}, {its} in {self.names[1]}".strip()

    def _of_another_type(self, record: Record, other: Record) -> Obstacle | None:
        """Another element type, unless that is what the two were recorded in."""
        if same_type(record.dtype, other.dtype) or kind_of(record.address) not in _TYPED:
            return None
        if (record.dtype, other.dtype) == ("float32", "float64") and self._widens:
            return None
        usual = [trace.header.get("dtype") for trace in (self.reference, self.candidate)]
        if [record.dtype, other.dtype] == usual:
            return None
        return Obstacle(self._said(record.dtype, other.dtype, "element type"), "diverged")

    @cached_property
    def _widens(self) -> bool:
        """Whether the candidate's first float64 is what Jittor makes of an int64 and a float32.

        What is cast to float64 by hand comes to the first operation as it is. Where operations were not
        recorded there is no telling, if an int64 is there at all.
        """
        records = self.candidate.records.values()
        whole = [one for one in records if one.dtype == "int64" and addresses.kind(one.address) in _COMPUTED]
        if not whole or self.candidate.header.get("layers", ALL) != ALL:
            return bool(whole)
        ours = {name for name, one in self.reference.records.items() if one.dtype == "float64"}
        first = next(one for one in records if one.dtype == "float64" and one.address not in ours)
        if addresses.kind(first.address) != "layer":
            return False
        made = addresses.parse_layer(first.address)
        takes = f"{addresses.layer(made.path, made.call, 'in')}."
        return made.role == "out" and any(one.address.startswith(takes) for one in whole)

    def _of_another_shape(self, record: Record, other: Record) -> Obstacle | None:
        """Where as many operations make other shapes: what has another one, and not just another form."""
        layer = addresses.parse_layer(record.address)
        ours, its = self._results_of(Operation.of(layer))
        if len(ours) != len(its) or sorted(shape for _, shape in ours) == sorted(shape for _, shape in its):
            return None
        if same_shape(record.shape, other.shape):
            return None
        if self._holds_the_same(record.address) and not self._is_misfit(layer):
            return None
        return Obstacle(self._said(shape_text(record.shape), shape_text(other.shape), "shape"), "diverged")

    def _holds_the_same(self, address: str) -> bool:
        """Whether two tensors of unlike shapes look like the same elements in another order."""
        ours, its = self.reference, self.candidate
        if ours.records[address].size != its.records[address].size:
            return False
        return _apart(ours.stats(address), its.stats(address)) < _ALIKE

    def _is_misfit(self, layer: LayerAddress) -> bool:
        """Whether a port that stopped makes another form of tensors of the same shapes."""
        if self.candidate.complete or layer.role != "out":
            return False
        begin = f"{addresses.layer(layer.path, layer.call, 'in')}."
        given = [address for address in self.reference.records if address.startswith(begin)]
        return bool(given) and all(
            address in self.candidate.records
            and same_shape(self.reference.records[address].shape, self.candidate.records[address].shape)
            for address in given
        )

    def _exchanged(self, layer: LayerAddress) -> Obstacle | None:
        """Where an operation may take two tensors in any order: whether it takes them in the other one."""
        places = [addresses.layer(layer.path, layer.call, "in", key) for key in ("0", "1")]
        traces = self.reference, self.candidate
        if Operation.of(layer).name not in _FREE_ORDER:
            return None
        if any(place not in trace.records for place in places for trace in traces):
            return None
        said = f"{self.names[1]} takes the two in the other order"
        ours, its = ([trace.records[place].alias for place in places] for trace in traces)
        if None not in ours and None not in its:
            return Obstacle(f"{said}: the same", "aligned") if ours != its and ours == its[::-1] else None
        straight = max(self._unlike(place, place) for place in places)
        crossed = max(self._unlike(*pair) for pair in (places, places[::-1]))
        return Obstacle(said) if crossed < straight else None

    def _unlike(self, ours: str, its: str) -> float:
        """How far apart two tensors are by what is known of them without a look at each element."""
        if not same_shape(self.reference.records[ours].shape, self.candidate.records[its].shape):
            return math.inf
        return _apart(self.reference.stats(ours), self.candidate.stats(its))

    def _missing(self, record: Record) -> Obstacle:
        kind = addresses.kind(record.address)
        if kind == "layer":
            return Obstacle(self._missing_layer(addresses.parse_layer(record.address)))
        if not self.candidate.complete:
            return Obstacle(f"{self.names[1]} stopped before it")
        if kind in _GRADIENTS:
            return self._without_gradient(record, self.reference, 1)
        why = f"{self.names[1]} has none"
        return Obstacle(why, "diverged") if kind in _OWED else Obstacle(why)

    def _missing_layer(self, layer: LayerAddress) -> str:
        if layer.is_operation:
            return self._operations_differ(Operation.of(layer)) or f"{self.names[1]} did not record it"
        if not self.candidate.complete:
            return f"{self.names[1]} stopped before it"
        calls, its_calls = self._calls[0][layer.path], self._calls[1].get(layer.path, 0)
        if its_calls == 0:
            return f"{self.names[1]} has no such layer, or never calls it"
        if calls != its_calls:
            return f"{self.names[0]} calls the layer {_times(calls)}, {self.names[1]} {_times(its_calls)}"
        return f"{self.names[1]} did not record it"

    def _without_gradient(self, record: Record, trace: Trace, lacking: int) -> Obstacle:
        """A gradient that one side has and the other, whose parameter had no part in the loss, has not."""
        stats = trace.stats(record.address)
        owner, other = self.names[1 - lacking], self.names[lacking]
        if self._is_zero(trace, record.address):
            return Obstacle(f"{other} has no gradient here and that of {owner} is zero", "aligned")
        size = "not finite" if stats.nonfinite else f"as large as {stats.absmax:.2g}"
        return Obstacle(f"{other} has no gradient here, that of {owner} is {size}", "diverged")

    def _results_of(self, group: Operation) -> list[list[tuple[str, tuple[int, ...]]]]:
        """What operations of one kind in a call of a module return, as far as a side that stopped came."""
        ours, its = (operations.get(group, []) for operations in self._operations)
        return [ours if self.candidate.complete else ours[: len(its)], its]

    def _operations_differ(self, group: Operation) -> str:
        """Why operations of one kind in one call of a module cannot be paired; empty where they can."""
        ours, its = self._results_of(group)
        place = f"{group.name} in {group.module}"
        if len(ours) != len(its):
            return f"{self.names[0]} runs {_times(len(ours))} {place}, {self.names[1]} {_times(len(its))}"
        if ours != its:
            return f"the operations {place} return other shapes in {self.names[1]}, so their order may differ"
        return ""


def _apart(one: Stats, other: Stats) -> float:
    """How far the sizes of two tensors are apart, relatively; the order of their elements plays no part."""
    sizes = (one.l2, other.l2), (one.absmax, other.absmax)
    return max(abs(a - b) / max(a, b, sys.float_info.min) for a, b in sizes)


def _operations(trace: Trace) -> dict[Operation, list[tuple[str, tuple[int, ...]]]]:
    """The address and shape of every operation's result."""
    found: dict[Operation, list[tuple[str, tuple[int, ...]]]] = defaultdict(list)
    for address, record in trace.records.items():
        if addresses.kind(address) == "layer":
            layer = addresses.parse_layer(address)
            if layer.is_operation and layer.role == "out":
                found[Operation.of(layer)].append((address, record.shape or (1,)))  # Jittor has no ()
    return found


def _calls(trace: Trace) -> Counter[str]:
    """How often each layer that is a module was called, in execution order."""
    calls: Counter[str] = Counter()
    for address in trace.records:
        if addresses.kind(address) == "layer":
            layer = addresses.parse_layer(address)
            if not layer.is_operation:
                calls[layer.path] = max(calls[layer.path], layer.call + 1)
    return calls


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
