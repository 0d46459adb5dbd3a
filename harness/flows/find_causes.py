"""From sources to causes: the reference's layer is repeated, changed, until it gives what the port gave."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from harness import address as addresses
from harness import diagnose
from harness.alignment import Alignment
from harness.alignment_rows import Row, Source
from harness.answers import TrialDone
from harness.comparing import kind_of
from harness.diagnose import Cause, DifferingLayer, Trial
from harness.errors import WorkerLost
from harness.flows import (
    call_counts,
    call_orders,
    calls_between,
    extra_calls,
    find_code_causes,
    find_loss_causes,
    gradients_that_follow,
    orders,
    other_counts,
    rebuilt_modules,
    recorded,
    source_groups,
)
from harness.flows.forced_flow import ForcedFlow
from harness.flows.gradient_consumers import gradient_shares
from harness.flows.reference_probe import ReferenceProbe, layer_note
from harness.forms import same_operand, same_shape
from harness.requests import TryChanges
from harness.trace import Trace
from harness.verdict import NoisePolicy, allowances

Array = Any
_FLOOR_ULPS = 64
_MOST_SECONDS = 17.0  # for one source: whoever waits for it has its answer in less than 18
_LEAST_SECONDS, _TO_COMBINE = 1.0, 1.5


def explain(probe: ReferenceProbe, alignment: Alignment, source: Source) -> Cause:
    """Why the port differs at one source."""
    row = alignment.row(source.address)
    kind = kind_of(row.address)
    if kind == "state":
        return _state(probe, alignment, row)
    if row.address not in probe.reference.records:
        if kind == "grad":
            return diagnose.explain_parameter_of_one_side(row.address.partition(":")[2])
        if kind in ("layer_grad", "operation_grad"):
            return diagnose.explain_gradient_of_one_side(addresses.parse_layer(row.address).path)
        return Cause(False, row.isolated.verdict.reason if row.isolated else row.verdict.reason)
    if kind == "loss":
        return find_loss_causes.explain_loss(probe, alignment)
    evidence = _plain(probe, alignment, row, source)
    if kind in ("layer", "operation"):
        return _layer(probe, alignment, row, evidence)
    if kind in ("grad", "grad_input", "layer_grad", "operation_grad"):
        return _gradient(probe, alignment, row, source, evidence)
    if kind in ("layer_input", "operation_input"):
        cause = _given(probe, alignment, row, evidence)
        path = addresses.parse_layer(row.address).path
        words = cause.sentence.replace("the port's layer is given", f"the port's {path} is given")
        return dataclasses.replace(cause, sentence=words)
    if kind == "output":
        return _made_elsewhere(probe, alignment, row, evidence)
    return diagnose.explain_forward(evidence, lambda trials: [None for _ in trials])


def _gradient(
    probe: ReferenceProbe, alignment: Alignment, row: Row, source: Source, evidence: DifferingLayer
) -> Cause:
    """The cause of a wrong gradient: in the layers that give it back, or in the loss."""
    if kind_of(row.address) in ("layer_grad", "operation_grad") and "(loss)" in source.layers:
        alone = source.layers == ["(loss)"]
        cause = find_loss_causes.explain_loss_gradient(probe, row, evidence.port, evidence.floor, alone)
        if cause.found:
            return cause
    return diagnose.explain_gradient(evidence, *gradient_shares(probe, alignment, row, source))


def _given_elsewhere(probe: ReferenceProbe, row: Row) -> dict[str, Array]:
    """The other inputs that the reference gives to the same call, by address."""
    ours = addresses.parse_layer(row.address)
    found = {}
    for address in probe.reference.records:
        if not address.startswith("layer:") or address == row.address:
            continue
        its = addresses.parse_layer(address)
        if (its.path, its.call, its.role) == (ours.path, ours.call, ours.role):
            array = probe.reference.array(address)
            if array is not None:
                found[address] = array
    return found


def explained(source: Source, cause: Cause) -> Source:
    """A source with its cause; what only takes the result of layers at fault is no place of an error."""
    layers = list(cause.culprits) or source.layers
    return dataclasses.replace(source, cause=cause.sentence, entries=list(cause.entries), layers=layers)


def _plain(probe: ReferenceProbe, alignment: Alignment, row: Row, source: Source) -> DifferingLayer:
    """The evidence that the traces alone give."""
    reference = probe.reference.array(row.address)
    assert reference is not None  # it was recorded whole
    port = probe.isolated.array(row.address) if row.address in probe.isolated.records else None
    if port is None and row.isolated is None and row.address in probe.port.records:
        port = probe.port.array(row.address)  # it raised before its layers could tell
    if port is None:  # a gradient that the port has not at all
        port = np.zeros_like(reference)
    path = source.layers[0] if source.layers else ""
    ours = layer_note(probe.reference, path)
    return DifferingLayer(
        type=ours.type or row.type,
        reference=np.array(reference),
        port=np.array(port).reshape(
            reference.shape if _is_alike(row, port.shape, reference.shape) else port.shape
        ),
        attributes=ours.attributes,
        differing=probe.differing(alignment, path),
        operation="/" in path,
        training=probe.mode == "train",
        floor=floor(row) * diagnose.in_proportion(reference, port),
        until=probe.limit.until,
    )


def _is_alike(row: Row, one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two shapes are one to whatever takes the tensor."""
    return same_shape(one, other) or (
        kind_of(row.address) == "operation_input" and row.obstacle is None and same_operand(one, other)
    )


def floor(row: Row) -> float:
    """How far in l2 two tensors may be apart by rounding alone, generously."""
    if row.isolated is None:
        return 0.0
    measured = row.isolated.measured
    eps = measured.eps or 1e-7
    allowed = allowances(measured, NoisePolicy())[0] if measured.truth_l2 is not None else 0.0
    return 3 * allowed + _FLOOR_ULPS * eps * measured.difference.reference_l2


def _layer(probe: ReferenceProbe, alignment: Alignment, row: Row, evidence: DifferingLayer) -> Cause:
    """Capture the call in the reference's worker and try it in other forms."""
    layer = addresses.parse_layer(row.address)
    if layer.path == addresses.ROOT:
        return _made_elsewhere(probe, alignment, row, evidence)
    record = probe.reference.records[row.address]
    if record.alias is not None and addresses.is_inside(record.alias, row.address):
        inside = _made_elsewhere(probe, alignment, row, evidence)
        if inside.found and not inside.fitted:
            return inside
    evidence = _of_call(probe, layer.path, layer.call, evidence)
    evidence = dataclasses.replace(evidence, recorded=recorded.others(probe, row.address))
    key = layer.key or "0"
    return diagnose.explain_forward(evidence, lambda trials: _replay(probe, trials, key))


def _of_call(probe: ReferenceProbe, path: str, call: int, evidence: DifferingLayer) -> DifferingLayer:
    """The evidence with what a captured call is given and what its layer holds."""
    arrays = probe.capture_call(path, call)
    state = {name.partition(":")[2]: array for name, array in arrays.items() if name.startswith("state:")}
    return dataclasses.replace(
        evidence,
        inputs=tuple(array for name, array in arrays.items() if name.startswith("input:")),
        state=state,
        kin=recorded.kin(probe, path, evidence.type, state),
    )


def _given(probe: ReferenceProbe, alignment: Alignment, row: Row, evidence: DifferingLayer) -> Cause:
    """A wrong input: another tensor, another function, or what makes it in another form."""
    elsewhere = _given_elsewhere(probe, row)
    evidence = dataclasses.replace(evidence, recorded=recorded.others(probe, row.address), inputs=())
    tried = 0
    for own in _as_made(probe, alignment, row, evidence):
        for cause in _of_one(probe, alignment, own, elsewhere if own.direct else {}):
            tried += cause.tried
            if cause.found:
                return _with_holders(probe, own.with_layout(cause))
            if not probe.limit.left():
                return diagnose.explain_at_last(evidence, tried)
    in_code = find_code_causes.explain_code(probe, row.address, evidence, "what the port's layer is given is")
    return in_code if in_code.found else diagnose.explain_at_last(evidence, tried)


def _as_made(
    probe: ReferenceProbe, alignment: Alignment, row: Row, evidence: DifferingLayer
) -> Iterator[recorded.Traced]:
    """A wrong tensor as its maker made it; where that did not run alone, as one of its operands."""
    yield from recorded.traced_back(probe, row.address, evidence)
    alone = {other.address for other in alignment.rows if other.isolated is not None}
    record = probe.reference.records.get(row.address)
    if record is not None and record.alias not in alone:
        yield from recorded.operands(probe, row.address, evidence)


def _with_holders(probe: ReferenceProbe, cause: Cause) -> Cause:
    """The cause, with the results that hold the tensor that it names."""
    held = recorded.held_by(probe.reference, cause.taken)
    words = cause.sentence.replace(cause.taken, f"{cause.taken}{held}", 1) if held else cause.sentence
    return dataclasses.replace(cause, sentence=words)


def _of_one(
    probe: ReferenceProbe, alignment: Alignment, own: recorded.Traced, elsewhere: dict[str, Array]
) -> Iterator[Cause]:
    """Another tensor or function, what makes it in another form, a formula."""
    yield diagnose.explain_given(own.evidence, elsewhere)
    remade = _remade(probe, alignment, own)
    if remade is not None and not remade.fitted:
        yield remade
    if own.direct and own.maker is not None:
        yield from _of_modules_around(probe, own.evidence, own.maker)
    yield diagnose.explain_formula(own.evidence)


def _made_elsewhere(probe: ReferenceProbe, alignment: Alignment, row: Row, evidence: DifferingLayer) -> Cause:
    """A wrong result of the model itself, which only hands on what its parts make."""
    cause = _given(probe, alignment, row, evidence)
    words = cause.sentence.replace("what the port's layer is given is", "what the port returns is")
    return dataclasses.replace(cause, sentence=words)


def _remade(probe: ReferenceProbe, alignment: Alignment, own: recorded.Traced) -> Cause | None:
    """What makes a tensor in the reference, tried in other forms until it makes the port's."""
    if own.maker is None:
        return None
    layer = addresses.parse_layer(own.maker)
    ours = layer_note(probe.reference, layer.path)
    evidence = dataclasses.replace(
        own.evidence,
        type=ours.type or own.evidence.type,
        attributes=ours.attributes,
        differing=probe.differing(alignment, layer.path),
        operation=layer.is_operation,
        recorded=(),
        producer=None,
    )
    evidence = _of_call(probe, layer.path, layer.call, evidence)
    key = layer.key or "0"
    cause = diagnose.explain_call(evidence, lambda trials: _replay(probe, trials, key))
    words = cause.sentence.replace("the reference", layer.path, 1)
    return dataclasses.replace(cause, sentence=words)


def _of_modules_around(probe: ReferenceProbe, evidence: DifferingLayer, maker: str) -> Iterator[Cause]:
    """A module that hands on what a layer in it makes, computed with the state of another one like it."""
    for address, record in probe.reference.records.items():
        if record.alias != maker or not addresses.is_result(address):
            continue
        layer = addresses.parse_layer(address)
        if layer.path == addresses.ROOT or not addresses.is_inside(maker, address):
            continue
        kind, key = probe.layer_note(layer.path).type, layer.key or "0"
        own = dataclasses.replace(
            evidence, type=kind, attributes={}, differing={}, recorded=(), producer=None
        )
        own = _of_call(probe, layer.path, layer.call, own)
        cause = diagnose.explain_module(own, functools.partial(_replay_key, probe, key))
        yield dataclasses.replace(cause, sentence=cause.sentence.replace("the reference", layer.path, 1))


def _replay_key(probe: ReferenceProbe, key: str, trials: Sequence[Trial]) -> list[Array | None]:
    return _replay(probe, trials, key)


def _replay(probe: ReferenceProbe, trials: Sequence[Trial], key: str) -> list[Array | None]:
    """What the reference's layer makes of each trial."""
    if not trials:
        return []
    left = probe.limit.left()
    answers = probe.worker.call(TryChanges(probe.call_changes(trials), str(probe.scratch), left))
    found = [_answer(answer, key) for answer in answers]
    return found + [None] * (len(trials) - len(found))  # there was no more time


def _answer(answer: TrialDone, key: str) -> Array | None:
    if answer.error:
        return None
    with Trace.open(answer.trace) as tried:
        address = f"output:{key}"
        return np.array(tried.array(address)) if address in tried.records else None


def _state(probe: ReferenceProbe, alignment: Alignment, row: Row) -> Cause:
    """The cause for a buffer, from its value before the step and what its module is given."""
    key = row.address.partition(":")[2]
    module, _, name = key.rpartition(".")
    evidence = _plain(probe, alignment, row, Source(row.address, "state", [module], ""))
    before = np.array(probe.held.array(row.address)).reshape(evidence.reference.shape)
    momentum = evidence.attributes.get("momentum")
    count = _values_per_channel(alignment, module) if name == "running_var" else 0
    given = _given_to(probe.reference, module)
    return diagnose.explain_state(evidence, diagnose.Update(name, before, momentum, count, given))


def _buffer(probe: ReferenceProbe, alignment: Alignment, row: Row) -> Cause:
    """The cause for a buffer that is no source of its own."""
    known = probe.reference.array(row.address) is not None and row.address in probe.held.records
    return _state(probe, alignment, row) if known else Cause(False, "")


def _given_to(trace: Trace, module: str) -> list[Array]:
    """The first input of each call of a module; none where one of them is not recorded whole."""
    found: list[Array] = []
    for call in itertools.count():
        address = addresses.layer(module, call, "in", "0")
        if address not in trace.records:
            break
        given = trace.array(address)
        if given is None or given.ndim < 2:
            return []
        found.append(given)
    return found


def _values_per_channel(alignment: Alignment, module: str) -> int:
    wanted = addresses.layer(module, 0, "out")
    row = next((row for row in alignment.rows if row.address == wanted), None)
    if row is None or len(row.shape) < 2:
        return 0
    return int(np.prod(row.shape)) // row.shape[1]


def explain_sources(
    probe: ReferenceProbe, alignment: Alignment, chosen: Sequence[Source], seconds: float = 120.0
) -> list[Cause]:
    """Explain the chosen sources, for so long; the alignment is given their causes.

    One source has `_MOST_SECONDS`; at the end there is time for what several of them show together.
    """
    end = time.monotonic() + seconds
    until = end - _TO_COMBINE
    found: dict[str, Cause] = {}
    for group in source_groups.groups(alignment, chosen):
        for source in group:
            if source.address in found:
                continue
            known = _known_of_losses(source, found)
            probe.limit.until = min(until, time.monotonic() + _MOST_SECONDS)
            if known is None and probe.limit.left() < _LEAST_SECONDS:
                continue
            found[source.address] = known or _cause_or_loss(probe, alignment, source)
            shared = source_groups.of_all(alignment, group, found[source.address])
            if shared is not None:
                found |= {other.address: shared for other in group}
    tried = [source for source in chosen if source.address in found]
    probe.limit.until = end
    flow = ForcedFlow(probe.reference, probe.port, probe.isolated, probe.call_with)
    both = probe.reference.records, probe.port.records
    causes = call_counts.told(
        tried, [found[source.address] for source in tried], *both, flow, probe.port.complete
    )
    buffer = functools.partial(_buffer, probe, alignment)
    causes = other_counts.told(
        alignment, tried, causes, probe.reference, probe.port, probe.held.records, buffer
    )
    causes = orders.applied_before(tried, causes, probe.reference.records, flow)
    causes = orders.given_crosswise(tried, causes, probe.reference.records)
    causes = orders.exchanged(tried, causes, flow)
    causes = call_orders.told(tried, causes, *both, flow)
    causes = extra_calls.told(tried, causes, probe.reference, probe.port)
    causes = calls_between.told(tried, causes, probe.reference)
    causes = rebuilt_modules.told(alignment, tried, causes)
    causes = gradients_that_follow.told(tried, causes, probe.reference)
    for source, cause in zip(tried, causes, strict=True):
        alignment.sources[alignment.sources.index(source)] = explained(source, cause)
    return causes


def _known_of_losses(source: Source, found: Mapping[str, Cause]) -> Cause | None:
    """The cause of a loss where one was looked for: one search explains all losses."""
    if kind_of(source.address) != "loss":
        return None
    return next((cause for address, cause in found.items() if kind_of(address) == "loss"), None)


def _cause_or_loss(probe: ReferenceProbe, alignment: Alignment, source: Source) -> Cause:
    """The cause of one source; a lost worker is reported."""
    try:
        return explain(probe, alignment, source)
    except WorkerLost as error:
        return Cause(False, f"the reference was lost while it was tried: {error}")
