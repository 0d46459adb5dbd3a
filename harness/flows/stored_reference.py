"""A stored trace in the reference's place: a golden, one's own recording, or an upstream trace."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import golden
from harness.case import Case
from harness.errors import BadInput
from harness.flows.request import CompareRequest
from harness.pairs.base import MODES, Arrays, Mode, Pair
from harness.trace import Trace


@dataclass(frozen=True)
class StoredReference:
    """A trace that stands in for a side, with all that is needed to run the other side like it."""

    name: str
    trace: Trace
    truth: Trace | None
    case: Case
    upstream: bool
    inputs: Arrays | None = None

    @property
    def state_table(self) -> list[list[Any]] | None:
        """The reference's state table, where the trace tells it."""
        return self.trace.notes.get("state") if not self.upstream else None

    def close(self) -> None:
        """Close the files."""
        self.trace.close()
        if self.truth is not None:
            self.truth.close()


@contextlib.contextmanager
def stored_reference(request: CompareRequest, pair: Pair) -> Iterator[StoredReference]:
    """What `--reference` names, open as long as the context lasts."""
    stored = _opened(request, pair)
    try:
        yield stored
    finally:
        stored.close()


def _opened(request: CompareRequest, pair: Pair) -> StoredReference:
    assert request.reference is not None
    if request.reference == "golden":
        return _golden(request, pair)
    path = Path(request.reference)
    trace = Trace.open(path)
    if trace.upstream:
        return _upstream(request, pair, trace, path)
    return _own(request, pair, trace, path)


def _golden(request: CompareRequest, pair: Pair) -> StoredReference:
    try:
        variant = pair.variant(request.variant).name
    except ValueError as error:
        raise BadInput(str(error)) from error
    path = golden.trace_path(pair.name, variant, request.mode)
    if not path.is_file():
        kept = ", ".join(sorted(golden.names(pair.name))) or "none"
        raise BadInput(
            f"there is no golden of {pair.name} {variant} in mode {request.mode}; there are: {kept}. "
            "Record one with `align golden record`"
        )
    golden.verify_digest(path)
    trace = Trace.open(path)
    case = Case.from_dict(trace.header["case"]).on(device=request.device, pair=request.model)
    return StoredReference("golden", trace, Trace.open(golden.truth_path(path)), case, upstream=False)


def _own(request: CompareRequest, pair: Pair, trace: Trace, path: Path) -> StoredReference:
    case = Case.from_dict(trace.header.get("case", {}))
    if case.pair not in (pair.name, request.model):
        raise BadInput(f"{path} is a trace of {case.pair}, not of {pair.name}")
    beside = golden.truth_path(path)
    truth = Trace.open(beside) if beside.is_file() else None
    return StoredReference(
        path.name, trace, truth, case.on(device=request.device, pair=request.model), upstream=False
    )


def _mode(trace: Trace) -> Mode:
    for mode in MODES:
        if mode == trace.mode:
            return mode
    raise BadInput(f"{trace.path} was recorded in mode {trace.mode!r}; known are {', '.join(MODES)}")


def _upstream(request: CompareRequest, pair: Pair, trace: Trace, path: Path) -> StoredReference:
    header = trace.header
    if header.get("model") != pair.name:
        raise BadInput(f"{path} is a trace of {header.get('model')}, not of {pair.name}")
    try:
        variant = pair.variant(pair.traced_variant(header)).name
    except ValueError as error:
        raise BadInput(f"{path}: {error}") from error
    trace.drop_prefix(pair.traced_prefix)
    trace.keeps_gradients(pair.traced_gradients(header))
    case = Case(
        pair=request.model,
        variant=variant,
        mode=_mode(trace),
        seed=int(header["seed"]),
        tag=str(header["case"]),
        device=request.device,
    )
    return StoredReference(path.name, trace, None, case, upstream=True, inputs=trace.inputs())
