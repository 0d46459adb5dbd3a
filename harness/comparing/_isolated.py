"""Sources and carriers: the isolated run of a diverged layer shows whether it makes the error itself."""

from __future__ import annotations

import dataclasses
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from harness import address as addresses
from harness.alignment import Alignment
from harness.alignment_rows import Isolated, IsolatedRun, Row, Source
from harness.comparing._measuring import TensorMeter
from harness.comparing._own_shapes import keep_makers, take_back_behind_wrong_shapes
from harness.comparing._pairing import of_one_form
from harness.comparing._places import first_diverged, in_order_of_computation, kind_of, worst_row
from harness.comparing._sentence import sentence
from harness.comparing._stopped import sources_of_stopped, stopped_by_itself, take_back_takers
from harness.comparing._takers import LOSS, Takers, caller
from harness.comparing._turned_units import doubt_turned_units
from harness.forms import same_type, shape_text
from harness.numerics import no_difference
from harness.pairs.base import Override
from harness.trace import Trace
from harness.verdict import Measured, NoisePolicy, Policy, Verdict, judge

Key = tuple[str, int]


def _for_one_run(policy: Policy) -> Policy:
    """The same with twice the units: what is known of a layer alone is the noise of one run."""
    return dataclasses.replace(policy, ulps=2 * policy.ulps) if isinstance(policy, NoisePolicy) else policy


def paired_addresses(alignment: Alignment) -> list[str]:
    """The addresses that name the same tensor on both sides, of one shape or two: their layers run alone."""
    return [row.address for row in alignment.rows if row.found == "both" and not _stands_in_the_way(row)]


def _stands_in_the_way(row: Row) -> bool:
    """Whether there is no telling which tensors belong together; another shape is a finding."""
    if row.obstacle is None:
        return row.verdict.status == "inner"  # of another formula: the reference's has no place in it
    return row.obstacle.status != "diverged"


def add_isolated(
    alignment: Alignment, reference: Trace, forced: Trace, truth: Trace | None, policy: Policy
) -> None:
    """Judge what layers did alone, and list the sources; the alignment is changed."""
    meter = TensorMeter(reference, forced, truth)
    rows = {row.address: row for row in alignment.rows}
    terms = _Terms(rows)
    chosen = _chosen(reference, alignment.rows)

    def judge_alone(row: Row, measured: Measured) -> None:
        known = dataclasses.replace(measured, terms=terms.of(row))
        row.isolated = Isolated(known, judge(row.address, known, _for_one_run(policy), alignment.overrides))

    for address in forced.notes.get(addresses.EQUAL, ()):
        row = rows.get(address)
        if row is not None and not _stands_in_the_way(row):
            judge_alone(row, meter.equal(address, row.measured or _all_of_it(reference, address)))
    for address in forced.records:
        row = rows.get(address)
        if row is None or forced.records[address].alias is not None or not _is_alone(row, chosen):
            continue
        if row.found == "candidate" or (_stands_in_the_way(row) and not _lacks_gradient(row, rows)):
            continue
        if unlike := _unlike(alignment.names, reference, forced, row):
            row.isolated = Isolated(
                _nothing_of_it(reference, address), Verdict("diverged", "pairing", unlike)
            )
            continue
        measured = meter.measure(address)
        if measured is not None:
            judge_alone(row, measured)
    _add_missing(alignment.rows, reference, forced)
    _add_extra(alignment.rows, forced)
    _add_unpaired_outputs(alignment.rows, reference)
    if carried := forced.notes.get(addresses.OWN_SHAPES):
        take_back = take_back_takers if stopped_by_itself(alignment) else keep_makers
        take_back(alignment.rows, carried)
    elif (carried := forced.notes.get(addresses.CARRIED)) is not None:
        take_back_behind_wrong_shapes(alignment.rows, carried)
    alignment.sources = sources(alignment.rows) or sources_of_stopped(alignment)
    judged = sum(row.isolated is not None for row in alignment.rows)
    alignment.isolated = IsolatedRun(ran=True, judged=judged)
    _conclude(alignment)


def _chosen(reference: Trace, rows: Iterable[Row]) -> set[str] | None:
    """The modules that were recorded, where only some layers were asked for; None where all were."""
    if reference.header.get("layers", "all") == "all":
        return None
    recorded = (row.address for row in rows if kind_of(row.address) in ("layer", "operation"))
    return {addresses.parse_layer(address).module for address in recorded}


def _is_alone(row: Row, chosen: set[str] | None) -> bool:
    """Whether a layer ran alone to make this tensor.

    Between recorded layers those that were not asked for run freely, one after the other: what becomes of
    their parameters and buffers shows the error of all of them.
    """
    return chosen is None or kind_of(row.address) not in ("grad", "state") or _owner(row.address) in chosen


def _lacks_gradient(row: Row, rows: Mapping[str, Row]) -> bool:
    """Whether both sides have this result, but the port has no gradient of it in the whole run."""
    result = rows.get(addresses.with_role(row.address, "out"))
    return (
        row.found == "reference"
        and kind_of(row.address) in ("layer_grad", "operation_grad")
        and result is not None
        and result.found == "both"
        and result.obstacle is None
    )


_PRODUCTS = ("matmul", "bmm", "linear", "Linear")


class _Terms:
    """How many products each element of a tensor sums up, where the shapes show it."""

    def __init__(self, rows: Mapping[str, Row]) -> None:
        self._rows = rows
        self._takers: dict[str, list[Row]] = defaultdict(list)
        self._around: dict[str, list[Row]] = defaultdict(list)
        for row in rows.values():
            for given in row.inputs:
                self._takers[given].append(row)
            if kind_of(row.address) == "operation":
                self._around[addresses.parse_layer(row.address).module].append(row)

    def of(self, row: Row) -> int:
        """At least 1; of a parameter's gradient one for each place of a channel of its layer's result."""
        kind = kind_of(row.address)
        if kind == "grad":
            result = self._rows.get(addresses.layer(_owner(row.address), 0, "out"))
            if result is not None and len(result.shape) in (2, 4):
                return _per(result, result.shape[1])
        if kind in ("layer_grad", "operation_grad"):
            takers = self._takers[addresses.with_role(row.address, "out")]
            if not takers:  # reshaped on its way: it may be any operation of the same module
                takers = self._around[addresses.parse_layer(row.address).module]
            return max([1, *(_per(taker, _lengths(row, taker.type)) for taker in takers)])
        if kind in ("layer", "operation") and row.type in _PRODUCTS and row.inputs:
            given = self._rows.get(row.inputs[0])
            return 1 if given is None else _per(given, _lengths(row, row.type))
        return 1


def _lengths(row: Row, taken_by: str) -> int:
    """How many sums a tensor holds: one an element, or one a row beside a product of matrices."""
    return math.prod(row.shape[:-1] if taken_by in _PRODUCTS else row.shape)


def _per(row: Row, count: int) -> int:
    return max(1, math.prod(row.shape) // max(1, count))


def _add_missing(rows: Sequence[Row], reference: Trace, forced: Trace) -> None:
    """A gradient that the port lacks, and lacks when handed the reference's own: it gives back nothing."""
    if not any(kind_of(address) in _GRADIENTS for address in forced.records):
        return
    for row in rows:
        lacks = row.found == "reference" and row.obstacle is not None and row.verdict.status == "diverged"
        if lacks and kind_of(row.address) in _GRADIENTS and row.address not in forced.records:
            row.isolated = Isolated(_nothing_of_it(reference, row.address), row.verdict)


def _add_extra(rows: Sequence[Row], forced: Trace) -> None:
    """A gradient that the port alone has, also when handed the reference's: a part that should be frozen."""
    for row in rows:
        extra = row.found == "candidate" and row.obstacle is not None and row.verdict.status == "diverged"
        if extra and row.address in forced.records and forced.stats(row.address).absmax > 0:
            row.isolated = Isolated(_nothing_of_it(forced, row.address), row.verdict)
    extra_of_layers = [row for row in rows if _is_reached(row)]
    for row in in_order_of_computation(extra_of_layers)[:1]:  # where it begins: nearest to the loss
        row.isolated = Isolated(_unknown(row), row.verdict)


def _is_reached(row: Row) -> bool:
    """Whether the port alone has a gradient of a layer's result."""
    return row.found == "candidate" and kind_of(row.address) in ("layer_grad", "operation_grad")


def _add_unpaired_outputs(rows: Sequence[Row], reference: Trace) -> None:
    """An output that one side alone returns: the model itself makes it, or does not."""
    for row in rows:
        if row.found != "both" and kind_of(row.address) == "output" and row.verdict.status == "diverged":
            known = _nothing_of_it(reference, row.address) if row.found == "reference" else _unknown(row)
            row.isolated = Isolated(known, row.verdict)


def _unknown(row: Row) -> Measured:
    """The measures of what only the port has, and nothing says how large it should be."""
    size = math.prod(row.shape)
    return Measured(no_difference(size, 0.0, 0.0), "whole", size, integer=False, eps=0.0)


def _all_of_it(trace: Trace, address: str) -> Measured:
    """The measures of a tensor against its own bits."""
    stats, record = trace.stats(address), trace.records[address]
    same = no_difference(record.size, stats.l2, stats.absmax)
    return Measured(same, "whole", record.size, integer=np.dtype(record.dtype).kind in "biu", eps=0.0)


def _nothing_of_it(trace: Trace, address: str) -> Measured:
    """The measures of a tensor that one side has and the other has nothing of."""
    stats, size = trace.stats(address), trace.records[address].size
    found = dataclasses.replace(
        no_difference(size, stats.l2, stats.absmax),
        l2=stats.l2,
        rel_l2=1.0,
        max_abs=stats.absmax,
        max_rel=1.0,
        candidate_l2=0.0,
        cosine=0.0,
        pass_rtol=1.0,
        pass_atol=stats.absmax,
    )
    return Measured(found, "whole", size, integer=False, eps=0.0)


def _unlike(names: Sequence[str], reference: Trace, forced: Trace, row: Row) -> str:
    """What a tensor, alone on the reference's own inputs, has of another form than the reference's."""
    record, other = (trace.records[row.address] for trace in (reference, forced))
    if not of_one_form(record, other):
        shapes = [shape_text(shape) for shape in (record.shape, other.shape)]
        return f"shape {shapes[0]} in {names[0]}, {shapes[1]} in {names[1]}"
    if row.obstacle is None or same_type(record.dtype, other.dtype):
        return ""
    return f"element type {record.dtype} in {names[0]}, {other.dtype} in {names[1]}"


def rejudge_isolated(alignment: Alignment, policy: Policy, overrides: Sequence[Override]) -> None:
    """Judge stored local errors by another policy."""
    if not alignment.isolated.ran:
        return
    alignment.isolated = dataclasses.replace(alignment.isolated, decided=None)
    for row in alignment.rows:
        if row.isolated is not None and row.obstacle is None:
            verdict = judge(row.address, row.isolated.measured, _for_one_run(policy), overrides)
            row.isolated = Isolated(row.isolated.measured, verdict)
    explained = {source.address: source for source in alignment.sources if source.cause}
    found = sources(alignment.rows) or sources_of_stopped(alignment)
    alignment.sources = [explained.get(source.address, source) for source in found]
    _conclude(alignment)


def _conclude(alignment: Alignment) -> None:
    """Look also for errors that the noise of the whole network hides, and doubt what no layer makes."""
    doubt_turned_units(alignment)
    rows = {row.address: row for row in alignment.rows}
    by_outputs_alone = alignment.policy.get("judge") == "outputs"
    if alignment.verdict in ("aligned", "inconclusive") and alignment.sources and not by_outputs_alone:
        for row in (rows[source.address] for source in alignment.sources):
            assert row.isolated is not None
            row.verdict = row.isolated.verdict
        first, worst = first_diverged(alignment.rows), worst_row(alignment.rows)
        alignment.first = first.address if first else None
        alignment.worst = worst.address if worst else None
        alignment.isolated = dataclasses.replace(alignment.isolated, decided=True)
        alignment.verdict = "diverged"
    if alignment.sources and stopped_by_itself(alignment):
        alignment.verdict = "diverged"
    alignment.sentence = sentence(alignment)


def sources(rows: list[Row]) -> list[Source]:
    """Every place where an error is made, in the order of computation."""
    wrong = [row for row in in_order_of_computation(rows) if _wrong_alone(row)]
    places = {
        addresses.parse_layer(row.address).path for row in rows if addresses.kind(row.address) == "layer"
    }
    unpaired = {
        row.address for row in rows if kind_of(row.address) == "operation" and _stands_in_the_way(row)
    }
    forward = list(_forward(wrong, _wrongly_given_again(rows, wrong), places, unpaired))
    made = {path for source in forward for path in source.layers}
    backward = list(_backward(wrong, Takers(rows, places), made, places))
    made |= {path for source in backward for path in source.layers}
    return [*forward, *backward, *_state(wrong, made, places)]


def _wrong_alone(row: Row) -> bool:
    if row.verdict.status == "inner":
        return False
    return row.isolated is not None and row.isolated.verdict.status == "diverged"


def _ratio(row: Row) -> float | None:
    return row.isolated.verdict.ratio if row.isolated else None


def _reason(row: Row) -> str:
    return row.isolated.verdict.reason if row.isolated else ""


def _wrongly_given_again(rows: Iterable[Row], wrong: Iterable[Row]) -> set[Key]:
    """The layers that take a wrong input once more: it is listed where it first arrives."""
    inputs = {row.address for row in wrong if kind_of(row.address).endswith("_input")}
    return {
        _key(row.address)
        for row in rows
        if kind_of(row.address).endswith("_input") and inputs.intersection(row.inputs)
    }


def _forward(wrong: Iterable[Row], again: set[Key], places: set[str], unpaired: set[str]) -> Iterable[Source]:
    """Results that are wrong though all that was given is right, and inputs that nothing recorded makes."""
    rows = [row for row in wrong if kind_of(row.address) in _FORWARD]
    inputs = {row.address for row in rows if kind_of(row.address).endswith("_input")}
    given = {_key(address) for address in inputs} | again
    made = {_key(row.address) for row in rows if kind_of(row.address) in ("layer", "operation")}
    around = {key for key in given if _has_parts(key[0], places)}
    for row in rows:
        kind = kind_of(row.address)
        if kind == "output" and row.found != "both":
            yield _source(row, "forward", [addresses.ROOT], "")
        elif kind in ("output", "loss"):
            yield _source(row, "forward", [LOSS if kind == "loss" else row.address], "")
        elif kind.endswith("_input"):
            if _is_inside(row.address, around):
                continue
            if kind == "layer_input" or _key(row.address) in made:
                yield _wrongly_given(row, places, unpaired)
        elif _key(row.address) not in given and not inputs.intersection(row.inputs):
            yield _source(row, "forward", [addresses.parse_layer(row.address).path], "")


def _wrongly_given(row: Row, places: set[str], unpaired: set[str]) -> Source:
    """The source of a wrong input: what takes it, or what calls that where it only hands it to its parts.

    Where an operation that has no counterpart in the port makes it in the reference, that is a place as well.
    """
    path = addresses.parse_layer(row.address).path
    maker = next((addresses.parse_layer(given).path for given in row.inputs if given in unpaired), "")
    has_parts = _has_parts(path, places)
    taker = caller(path, places) if has_parts else path
    before = f"what {taker} calls before it" if has_parts else "the layers before it"
    why = f"{maker}, which makes that, has no counterpart in the port" if maker else f"{_BETWEEN} {before}"
    text = f"what {path if has_parts else 'it'} is given {_NOT_GIVEN} {why}"
    return _source(row, "forward", [taker, maker] if maker else [taker], text)


def _has_parts(path: str, places: set[str]) -> bool:
    return any(place.startswith((f"{path}.", f"{path}/")) for place in places)


def _is_inside(address: str, around: set[Key]) -> bool:
    """Whether an input arrives inside a layer that was given something wrong itself."""
    path = addresses.parse_layer(address).path
    return any(path.startswith((f"{outer}.", f"{outer}/")) for outer, _ in around)


_GRADIENTS = ("grad", "grad_input", "layer_grad", "operation_grad")
_FORWARD = ("layer", "operation", "layer_input", "operation_input", "output", "loss")
_GOES_ON = "a gradient goes on from here that the reference stops"
_NOT_GIVEN, _BETWEEN = "is not what the reference gives:", "something between"


def _backward(wrong: Iterable[Row], takers: Takers, made: set[str], places: set[str]) -> Iterable[Source]:
    """Gradients that are wrong though every gradient handed in is right."""
    for row in wrong:
        kind = kind_of(row.address)
        known: list[str] | None = None
        if _is_reached(row):
            paths, text = [addresses.parse_layer(row.address).path], _GOES_ON
        elif kind in ("layer_grad", "operation_grad"):
            paths = takers.of(addresses.with_role(row.address, "out"))
            text = f"the gradient that {' and '.join(paths) or 'what takes it'} should give back"
            if not paths:
                paths, known = takers.near(addresses.parse_layer(row.address).path)
        elif kind == "grad":
            paths, text = [_user(row.address, places)], ""
        elif kind == "grad_input":
            paths, text = takers.of(f"input:{row.address.partition(':')[2]}"), ""
        else:
            continue
        if not made.intersection(paths if known is None else known):
            yield _source(row, "backward", paths, text)


def _state(wrong: Iterable[Row], made: set[str], places: set[str]) -> Iterable[Source]:
    for row in wrong:
        if kind_of(row.address) == "state" and (user := _user(row.address, places)) not in made:
            yield _source(row, "state", [user], "")


def _source(row: Row, direction: str, layers: list[str], text: str) -> Source:
    words = f"{text}; {_reason(row)}" if text else _reason(row)
    return Source(row.address, direction, layers, words, _ratio(row))  # type: ignore[arg-type]


def _key(address: str) -> Key:
    layer = addresses.parse_layer(address)
    return layer.path, layer.call


def _owner(address: str) -> str:
    """The module of a parameter or buffer."""
    return address.partition(":")[2].rpartition(".")[0] or addresses.ROOT


def _user(address: str, places: set[str]) -> str:
    """The layer that computes with a parameter or buffer: its module, or the nearest recorded one around it.

    A module that is never called only holds what another one, as torch's attention, computes with.
    """
    owner = _owner(address)
    return owner if owner in places else caller(owner, places)
