"""A stored trace in the reference's place: a golden, one's own recording, or an upstream trace."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import golden
from harness import json_codec
from harness.case import Case
from harness.environment.device import device_for
from harness.errors import BadInput
from harness.flows import stored_case
from harness.flows.request import CompareRequest
from harness.json_codec import short
from harness.own_name import command
from harness.pairs.base import MODES, Arrays, Mode, Pair
from harness.state_table import StateTable, read_table
from harness.trace import Trace

_ROW = tuple[str, list[int]]
_TOLD_UPSTREAM = {"model": str, "variant": str, "case": str, "seed": int}


@dataclass(frozen=True)
class StoredReference:
    """A stored trace in place of the reference, with all that is needed to run the port on the same case."""

    name: str
    trace: Trace
    truth: Trace | None
    case: Case
    upstream: bool
    inputs: Arrays | None = None

    def state_table(self, live: StateTable) -> StateTable:
        """The state table of the reference from the trace, or else that of the model that runs."""
        found = None if self.upstream else self.trace.notes.get("state")
        if found is None:
            return live
        try:
            json_codec.check(list[list[Any]], found, "the state table")
            for place, row in enumerate(found):
                json_codec.check(_ROW, row[:2], f"the state table[{place}]")
                _require_sizes(row[1], place)
        except json_codec.Unfit as error:
            raise BadInput(f"{self.trace.path} is damaged: {error}. Record it again") from error
        table = read_table(found)
        if _elements(table) > 2 * _elements(live):
            sizes = f"its state has {_elements(table):,} elements, that of the port {_elements(live):,}"
            raise BadInput(f"{self.trace.path} is of another model: {sizes}")
        return table

    def close(self) -> None:
        """Close the files."""
        self.trace.close()
        if self.truth is not None:
            self.truth.close()


@contextlib.contextmanager
def stored_reference(request: CompareRequest, pair: Pair) -> Iterator[StoredReference]:
    """What `--reference` names, open as long as the context lasts."""
    stored = _open(request, pair)
    try:
        yield stored
    finally:
        stored.close()


def _open(request: CompareRequest, pair: Pair) -> StoredReference:
    assert request.reference is not None
    if request.reference == "golden":
        return _golden(request, pair)
    path = Path(request.reference)
    trace = Trace.open(path)
    if trace.upstream:
        return _upstream(request, pair, trace, path)
    return _own(request, pair, trace, path)


def _golden(request: CompareRequest, pair: Pair) -> StoredReference:
    variant = pair.variant(request.variant).name
    path = golden.trace_path(pair.name, variant, request.mode)
    if not path.is_file():
        raise BadInput(
            f"there is no golden of {pair.name} {variant} in mode {request.mode}; there are: "
            f"{golden.listed(pair.name)}. Or record one with `{command('golden record')}`"
        )
    golden.verify_digest(path)
    trace = Trace.open(path)
    trace.truth = Trace.open(golden.truth_path(path))
    case = case_again(request, trace, path)
    return StoredReference("golden", trace, trace.truth, case, upstream=False)


def _own(request: CompareRequest, pair: Pair, trace: Trace, path: Path) -> StoredReference:
    case = case_again(request, trace, path)
    with contextlib.ExitStack() as stack:
        truth = stored_truth(trace, stack)
        stack.pop_all()  # whoever uses the reference closes it
    return StoredReference(path.name, trace, truth, case, upstream=False)


def stored_truth(trace: Trace, stack: contextlib.ExitStack) -> Trace | None:
    """The truth that a stored trace carries, else the one beside it, to be closed with the stack."""
    beside = golden.truth_path(trace.path)
    if trace.truth is None and beside.is_file():
        trace.truth = stack.enter_context(Trace.open(beside))
    return trace.truth


def case_again(request: CompareRequest, trace: Trace, path: Path) -> Case:
    """The case of a trace of ours, to be run again: with the pair and the weights that the user named."""
    case = Case.from_dict(trace.header.get("case"), f"the case of {path}")
    stored_case.pair_of(case, request.model, str(path))
    weights = stored_case.weights_of(case, request.weights, str(path))
    return case.on(device=device_for(request.device).device, pair=request.model, weights=weights)


def _require_sizes(shape: list[int], place: int) -> None:
    if min(shape, default=0) < 0:
        raise json_codec.Unfit(
            f"the state table[{place}] has the shape {short(shape)}, lengths should be 0 or more"
        )


def _elements(table: StateTable) -> int:
    return sum(math.prod(entry.shape) for entry in table)


def _mode(trace: Trace) -> Mode:
    for mode in MODES:
        if mode == trace.mode:
            return mode
    raise BadInput(f"{trace.path} was recorded in mode {trace.mode!r}; known are {', '.join(MODES)}")


def _upstream(request: CompareRequest, pair: Pair, trace: Trace, path: Path) -> StoredReference:
    header = trace.header
    for name, kind in _TOLD_UPSTREAM.items():
        if type(header.get(name)) is not kind:
            found = short(header.get(name))
            raise BadInput(f"{path} is damaged: its {name} is {found}, it should be {kind.__name__}")
    if header["model"] != pair.name:
        raise BadInput(f"{path} is a trace of {short(header['model'])}, not of {pair.name}")
    try:
        inputs = trace.inputs() or pair.traced_inputs(header)
        shapes = {name: list(array.shape) for name, array in inputs.items()}
        variant = _traced_variant(request, pair, {**header, "input_shapes": shapes})
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error
    call_by_our_names(trace, pair, variant)
    fields = {"pair": request.model, "variant": variant, "mode": _mode(trace), "seed": header["seed"]}
    case = Case.from_dict(
        {**fields, "tag": header["case"], "device": device_for(request.device).device}, f"the case of {path}"
    )
    return StoredReference(path.name, trace, None, case, upstream=True, inputs=inputs)


def call_by_our_names(trace: Trace, pair: Pair, variant: str) -> None:
    """Give the layers, outputs and gradients of an upstream trace the names that a variant has for them."""
    header = trace.header
    trace.drop_prefix(pair.traced_prefix)
    trace.keeps_gradients(pair.traced_gradients(header))
    trace.rename_outputs(pair.traced_outputs(header, pair.variant(variant)))


def _traced_variant(request: CompareRequest, pair: Pair, header: Mapping[str, Any]) -> str:
    """The variant that the trace tells of, or the named one if the trace holds a run of that, too."""
    recorded = pair.variant(pair.traced_variant(header))
    if request.variant is None:
        return recorded.name
    named = pair.variant(request.variant)
    if named.name != recorded.name and not pair.traced_outputs(header, named):
        raise BadInput(f"this trace is of {recorded.name}, and --variant names {named.name}")
    return named.name
