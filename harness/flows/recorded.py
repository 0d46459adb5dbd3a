"""Everything that the reference recorded, as explanations use it: other tensors, and what makes each."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np

from harness import address as addresses
from harness.diagnose import Cause, DifferingLayer, Producer, ReferenceTensor
from harness.diagnose.layouts import layouts, same_elements
from harness.flows.operands import solved
from harness.flows.reference_probe import ReferenceProbe
from harness.forms import axes_text
from harness.trace import Trace

Array = Any
_LARGEST = 1 << 24
_MOST_KIN = 8
_FEWEST_REPEATED, _MOST_EQUAL = 4, 3
_SUM, _MOST_TERMS = "add", 16


@dataclasses.dataclass(frozen=True)
class Traced:
    """A wrong tensor as its maker made it: itself, or brought back into the layout that its maker gave it.

    `maker` is the address of the recorded result that it comes of, None where nothing recorded does.
    """

    evidence: DifferingLayer
    maker: str | None
    direct: bool = True
    layout: str = ""

    def with_layout(self, cause: Cause) -> Cause:
        """The cause, with the layout that it was found in."""
        if self.direct:
            return cause
        words = f"{cause.sentence.removesuffix('.')}, {self.layout} as in the reference."
        return dataclasses.replace(cause, sentence=words.replace("reference's input", self.name))

    @property
    def name(self) -> str:
        """What the tensor is called."""
        return self.maker or "reference's own"


def others(probe: ReferenceProbe, address: str) -> tuple[ReferenceTensor, ...]:
    """Every other tensor of the reference, once; those recorded last before this one come first."""
    trace, found = probe.reference, []
    names = list(trace.records)
    own = _origin(trace, address)
    place = names.index(address) if address in trace.records else len(names)
    for name in [*reversed(names[:place]), *names[place:]]:
        record = trace.records[name]
        if record.alias is None and name != own and _is_value(name) and record.size <= _LARGEST:
            found.append(ReferenceTensor(name, tuple(record.shape), functools.partial(_read, trace, name)))
    return (*found, *_parameters(probe))


def _is_value(name: str) -> bool:
    kind = addresses.kind(name)
    return kind == "input" or (kind == "layer" and not addresses.is_layer_gradient(name))


def _parameters(probe: ReferenceProbe) -> Iterator[ReferenceTensor]:
    for name, record in probe.held.records.items():
        if record.alias is None and name.startswith("state:"):
            said = f"parameter {name.partition(':')[2]}"
            yield ReferenceTensor(said, tuple(record.shape), functools.partial(_read, probe.held, name))


def _read(trace: Trace, name: str) -> Array:
    return np.array(trace.array(name))


def _origin(trace: Trace, address: str) -> str:
    record = trace.records.get(address)
    return (record.alias if record else None) or address


def kin(
    probe: ReferenceProbe, path: str, kind: str, state: Mapping[str, Array]
) -> dict[str, dict[str, Array]]:
    """The states of other layers of this class whose parameters have the same shapes."""
    found: dict[str, dict[str, Array]] = {}
    if not state or "/" in path:
        return found
    stored = probe.held
    for other in _layers_with(stored, next(iter(state))):
        names = {name: f"state:{other}.{name}" for name in state}
        fits = all(
            address in stored.records and tuple(stored.records[address].shape) == state[name].shape
            for name, address in names.items()
        )
        if other != path and fits and probe.layer_note(other).type == kind:
            found[other] = {name: _read(stored, address) for name, address in names.items()}
        if len(found) == _MOST_KIN:
            break
    return found


def _layers_with(stored: Trace, name: str) -> Iterator[str]:
    for address in stored.records:
        if address.startswith("state:") and address.endswith(f".{name}"):
            yield address.partition(":")[2].removesuffix(f".{name}")


def traced_back(probe: ReferenceProbe, address: str, evidence: DifferingLayer) -> Iterator[Traced]:
    """The tensor as it is; and, where it is a result in another layout, in the layout of that result."""
    trace = probe.reference
    own = _origin(trace, address)
    maker = own if own != address and addresses.is_result(own) else None
    if addresses.is_result(address):
        maker = maker or _inner(trace, address)
    yield Traced(_with_producer(trace, evidence, maker), maker)
    if maker is None:
        yield from _as_it_is(trace, address, evidence)
        yield from _in_its_layout(trace, address, evidence)
        yield from _not_repeated(trace, address, evidence)


def operands(probe: ReferenceProbe, address: str, evidence: DifferingLayer) -> Iterator[Traced]:
    """The operands of the sum or product that makes a tensor, each as the port must have had it."""
    trace = probe.reference
    made = _origin(trace, address)
    for operand in solved(trace, made, evidence) if addresses.is_result(made) and made != address else ():
        own = _origin(trace, operand.address)
        maker = own if addresses.is_result(own) else None
        yield Traced(_with_producer(trace, operand.evidence, maker), maker, False, operand.words)


def _inner(trace: Trace, address: str) -> str | None:
    record = trace.records.get(address)
    return record.alias if record is not None and record.alias and addresses.is_result(record.alias) else None


def _as_it_is(trace: Trace, address: str, evidence: DifferingLayer) -> Iterator[Traced]:
    """Where the port's has another size: the result that the reference only copies, or hands on by a view."""
    right = evidence.reference
    if right.size == evidence.port.size or right.dtype.kind != "f":
        return
    for name in islice(_equal_results(trace, address, right), 1):
        if tuple(trace.records[name].shape) == right.shape:
            yield Traced(_with_producer(trace, evidence, name), name)


def _in_its_layout(trace: Trace, address: str, evidence: DifferingLayer) -> Iterator[Traced]:
    """Find the result that has the same elements, and undo for the port what the reference does to it."""
    right = evidence.reference
    if right.size != evidence.port.size or right.dtype.kind != "f":
        return
    for name in reversed(list(trace.records)):
        record = trace.records[name]
        if record.alias is not None or not addresses.is_result(name) or record.size != right.size:
            continue
        made = _read(trace, name)
        if name == address or not same_elements(made, right, 0.0):
            continue
        places = np.arange(made.size).reshape(made.shape)
        for layout in layouts(made.shape, right.shape):
            if not np.array_equal(layout.of(made, right.shape), right):
                continue
            back = np.empty(made.size, evidence.port.dtype)
            back[layout.of(places, right.shape).reshape(-1)] = evidence.port.reshape(-1)
            undone = dataclasses.replace(evidence, reference=made, port=back.reshape(made.shape))
            yield Traced(_with_producer(trace, undone, name), name, False, layout.words)
            return


def _not_repeated(trace: Trace, address: str, evidence: DifferingLayer) -> Iterator[Traced]:
    """A tensor that both sides repeat along axes, as it is before: what one place of these axes holds.

    Several results may hold it, as what is divided by one does: those made last come first.
    """
    right, port = evidence.reference, evidence.port
    if right.shape != port.shape or right.dtype.kind != "f":
        return
    axes = [axis for axis, size in enumerate(right.shape) if size > 1 and _same_along(axis, right, port)]
    narrow = tuple(slice(0, 1) if axis in axes else slice(None) for axis in range(right.ndim))
    made = np.ascontiguousarray(right[narrow])
    if not axes or made.size < _FEWEST_REPEATED:
        return
    words = f"repeated along {axes_text(axes)}"
    floor = evidence.floor * float(np.sqrt(made.size / right.size))
    for name in islice(_equal_results(trace, address, made), _MOST_EQUAL):
        own, its = _read(trace, name), port[narrow].reshape(tuple(trace.records[name].shape))
        undone = dataclasses.replace(evidence, reference=own, port=its, floor=floor)
        yield Traced(_with_producer(trace, undone, name), name, False, words)


def held_by(trace: Trace, name: str) -> str:
    """In words, which results hold what a tensor between layers holds, once if it repeats that along axes."""
    names, axes = holders(trace, name)
    repeated = f", repeated along {axes_text(axes)}" if axes else ""
    return f" (which holds {', '.join(names)}{repeated})" if names else ""


def holders(trace: Trace, name: str) -> tuple[list[str], list[int]]:
    """The results that hold what a tensor between layers holds, and the axes along which it repeats that."""
    record = trace.records.get(name)
    if record is None or addresses.is_result(name) or not name.startswith("layer:"):
        return [], []
    if record.alias is not None:
        is_given = record.alias.startswith("layer:") and not addresses.is_result(record.alias)
        return holders(trace, record.alias) if is_given else ([record.alias], [])
    tensor = _read(trace, name)
    axes = [axis for axis, size in enumerate(tensor.shape) if size > 1 and _same_along(axis, tensor)]
    made = tensor[tuple(slice(0, 1) if axis in axes else slice(None) for axis in range(tensor.ndim))]
    if len(np.unique(made)) < _FEWEST_REPEATED:
        return [], []
    return list(islice(_equal_results(trace, name, made), _MOST_EQUAL)), axes


def _equal_results(trace: Trace, address: str, wanted: Array) -> Iterator[str]:
    """Results that hold these elements in this order, those recorded last first."""
    for name in reversed(list(trace.records)):
        record = trace.records[name]
        if record.alias is not None or record.size != wanted.size or name == address:
            continue
        if addresses.is_result(name) and np.array_equal(_read(trace, name).reshape(-1), wanted.reshape(-1)):
            yield name


def _same_along(axis: int, *tensors: Array) -> bool:
    return all(
        np.array_equal(tensor, np.broadcast_to(tensor.take([0], axis), tensor.shape)) for tensor in tensors
    )


def _with_producer(trace: Trace, evidence: DifferingLayer, maker: str | None) -> DifferingLayer:
    if maker is None:
        return evidence
    given = _given(trace, maker)
    before = {}
    for name in given:
        made = _origin(trace, name)
        if addresses.is_result(made):
            before.update(_given(trace, made))
    path = addresses.parse_layer(maker).path
    return dataclasses.replace(evidence, producer=Producer(path, given, before, _terms(trace, maker, {})))


def _terms(trace: Trace, maker: str, known: dict[str, dict[str, Array]]) -> dict[str, Array]:
    """What a chain of sums in one module adds up, in order; empty where the result is no such sum.

    A sum that several others take is looked at once: `known` are those.
    """
    if maker in known:
        return known[maker]
    found = known.setdefault(maker, {})
    for name, tensor in _given(trace, maker).items() if _is_sum(trace, maker) else ():
        made = _origin(trace, name)
        inside = _is_sum(trace, made) and _module(made) == _module(maker)
        inner = _terms(trace, made, known) if inside else {}
        found.update(inner or {made: tensor})
        if len(found) > _MOST_TERMS:
            found.clear()
            break
    return found


def _is_sum(trace: Trace, address: str) -> bool:
    return addresses.is_result(address) and trace.records[address].type == _SUM


def _module(address: str) -> tuple[str, int]:
    return addresses.parse_layer(address).module_call


def _given(trace: Trace, maker: str) -> dict[str, Array]:
    """What the call that made a result was given, by address."""
    layer, found = addresses.parse_layer(maker), {}
    for name in trace.records:
        if name.startswith("layer:"):
            its = addresses.parse_layer(name)
            if (its.path, its.call, its.role) == (layer.path, layer.call, "in"):
                found[name] = _read(trace, name)
    return found
