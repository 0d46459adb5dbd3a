"""The layers that consume a tensor of the reference, and the share of its gradient that each gives back."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from harness import address as addresses
from harness.alignment import Alignment
from harness.alignment_rows import Row, Source
from harness.answers import TrialDone
from harness.comparing import kind_of
from harness.diagnose import DifferingLayer, Share, Trial
from harness.errors import BadInput
from harness.flows import inputs_and_weights
from harness.flows.call_counts import origin
from harness.flows.reference_probe import ReferenceProbe
from harness.requests import BackwardThroughCall
from harness.trace import Trace

Array = Any
_MOST = 6
_FEWEST = 16  # elements, below which two parameters are alike by chance


class Consumer(NamedTuple):
    """One call of a layer that consumes the tensor, and the addresses where its gradient for it appears."""

    path: str
    call: int
    targets: tuple[str, ...]  # the addresses of parameters, or the places of inputs
    is_parameter: bool


class Shares(NamedTuple):
    """The shares of consumers, and whether these are all that are recorded."""

    found: list[Share]
    are_all: bool


def gradient_shares(probe: ReferenceProbe, alignment: Alignment, row: Row, source: Source) -> Shares:
    """The shares of the first consumers but those that cannot be captured, as the loss cannot."""
    consumers = _consumers(probe, alignment, row, source)
    found = list[Share]()
    for consumer in consumers[:_MOST]:
        if not probe.limit.left():
            return Shares([], False)  # some of them alone tell nothing
        try:
            share = _share(probe, alignment, row, consumer)
        except BadInput:
            continue
        if share is not None:
            found.append(share)
    return Shares(found, len(found) == len(consumers))


def _consumers(probe: ReferenceProbe, alignment: Alignment, row: Row, source: Source) -> list[Consumer]:
    kind = kind_of(row.address)
    if kind == "grad":
        (path,) = source.layers
        calls = [other for other in alignment.rows if _is_result(other) and _path(other) == path]
        single = len({addresses.parse_layer(other.address).call for other in calls}) == 1
        own = [Consumer(path, 0, (row.address,), True)] if single else []
        return [*own, *_takers_of_parameter(probe, row)]
    made = addresses.with_role(row.address, "out")
    if kind == "grad_input":
        made = f"input:{row.address.partition(':')[2]}"
    found: dict[tuple[str, int], list[str]] = {}
    for address, record in probe.reference.records.items():
        if addresses.kind(address) != "layer" or made not in (record.alias, address):
            continue
        layer = addresses.parse_layer(address)
        if layer.role == "in" and layer.path in source.layers:
            found.setdefault((layer.path, layer.call), []).append(layer.key)
    return [Consumer(path, call, tuple(keys), False) for (path, call), keys in found.items()]


def _takers_of_parameter(probe: ReferenceProbe, row: Row) -> list[Consumer]:
    """Operations that take the parameter itself, beside the layer that it belongs to."""
    name = f"state:{row.address.partition(':')[2]}"
    held = np.array(probe.held.array(name)) if name in probe.held.records else None
    if held is None or held.size < _FEWEST:
        return []
    found: dict[tuple[str, int], list[str]] = {}
    for address, record in probe.reference.records.items():
        if addresses.kind(address) != "layer" or record.size != held.size:
            continue
        layer = addresses.parse_layer(address)
        if layer.role == "in" and layer.is_operation and _is_same(probe.reference.array(address), held):
            found.setdefault((layer.path, layer.call), []).append(layer.key)
    return [Consumer(path, call, tuple(keys), False) for (path, call), keys in found.items()]


def _is_same(array: Array | None, held: Array) -> bool:
    return array is not None and array.shape == held.shape and np.array_equal(array, held)


def _is_result(row: Row) -> bool:
    return kind_of(row.address) in ("layer", "operation")


def _path(row: Row) -> str:
    return addresses.parse_layer(row.address).path


def _share(probe: ReferenceProbe, alignment: Alignment, row: Row, consumer: Consumer) -> Share | None:
    """Capture one consumer in the reference's worker and take the recorded gradient backward through it."""
    given = _result_gradients(probe, consumer)
    if not given:
        return None
    captured = probe.capture_call(consumer.path, consumer.call)
    gradients = inputs_and_weights.write(
        probe.scratch / f"gradients-{len(consumer.path)}-{consumer.call}.h5", "grad", given
    )
    inputs = {name.partition(":")[2]: array for name, array in captured.items() if name.startswith("input:")}
    targets = consumer.targets
    if not consumer.is_parameter:
        names = list(inputs) if "/" in consumer.path else []
        targets = tuple(names[int(key)] if names else key or "0" for key in targets)

    def take_back(trials: Sequence[Trial]) -> list[Array | None]:
        probe.capture_call(consumer.path, consumer.call)
        changes, left = probe.call_changes(trials), probe.limit.left()
        request = BackwardThroughCall(str(gradients), changes, str(probe.scratch), left)
        found = [
            _reached(answer, targets, consumer.is_parameter, row) for answer in probe.worker.call(request)
        ]
        return found + [None] * (len(trials) - len(found))  # there was no more time

    (share,) = take_back([Trial("as it is")])
    if share is None:
        return None
    note = probe.layer_note(consumer.path)
    evidence = DifferingLayer(
        type=note.type,
        reference=share,
        port=share,
        inputs=tuple(inputs.values()),
        attributes=note.attributes,
        differing=probe.differing(alignment, consumer.path),
        state={
            name.partition(":")[2]: array for name, array in captured.items() if name.startswith("state:")
        },
        operation="/" in consumer.path,
        training=probe.mode == "train",
        until=probe.limit.until,
    )
    taken = None if consumer.is_parameter or len(targets) != 1 else inputs.get(targets[0])
    first, instead = next(iter(given.values())), taken_instead(probe, consumer)
    return Share(consumer.path, evidence, share, first, taken, take_back, instead)


def taken_instead(probe: ReferenceProbe, consumer: Consumer) -> str:
    """What the call takes in the port, by the record of that, where it is another recorded tensor."""
    if consumer.is_parameter:
        return ""
    given = {key: addresses.layer(consumer.path, consumer.call, "in", key) for key in consumer.targets}
    ours = {origin(probe.reference.records, name) for name in given.values()}
    known = ours | {addresses.other_form(name) for name in ours if addresses.kind(name) == "layer"}
    begin = addresses.layer(consumer.path, consumer.call, "in")
    takes = {name: one.alias for name, one in probe.port.records.items() if name.startswith(f"{begin}.")}
    if known.intersection(one for one in takes.values() if one):
        return ""  # the same tensor arrives, maybe in another place
    return next((one for name in given.values() if (one := takes.get(name))), "")


def _result_gradients(probe: ReferenceProbe, consumer: Consumer) -> dict[str, Array]:
    """The reference's gradients of what the consumer returns, by the keys of its result."""
    found = {}
    prefix = addresses.layer(consumer.path, consumer.call, "out")
    for address in probe.reference.records:
        if address == prefix or address.startswith(f"{prefix}."):
            array = probe.reference.gradient(address)
            if array is not None:
                found[addresses.parse_layer(address).key or "0"] = np.array(array)
    return found


def _reached(answer: TrialDone, targets: tuple[str, ...], is_parameter: bool, row: Row) -> Array | None:
    if answer.error:
        return None
    with Trace.open(answer.trace) as reached:
        names = [name if is_parameter else f"input:{name}" for name in targets]
        arrays = [np.array(reached.array(name), np.float64) for name in names if name in reached.records]
    if not arrays or any(array.size != np.prod(row.shape, dtype=int) for array in arrays):
        return None
    return functools.reduce(np.add, arrays).reshape(row.shape)
