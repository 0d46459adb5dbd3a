"""Reads from traces how they were recorded: case, versions, costs, and differences of the models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from harness import address as addresses
from harness import json_codec
from harness.alignment_rows import Row, SideReport
from harness.answers import Observer
from harness.attributes import AttributeDifference, attribute_differences
from harness.costs import Spent
from harness.coverage import CaseDifference
from harness.layer_choice import ALL
from harness.layer_note import read_layer_notes
from harness.trace import Trace

Note = TypeVar("Note", Observer, Spent)
_MAY_DIFFER = ("dtype", "device", "dropout")  # what dropped is held against each other elsewhere


def case_of(trace: Trace | None) -> dict[str, object]:
    """The case of a trace, from its header."""
    header = trace.header if trace is not None else {}
    case = header.get("case")
    if isinstance(case, Mapping):
        return dict(case)
    facts = {"pair": header.get("model"), "variant": header.get("variant"), "mode": header.get("mode")}
    return {name: value for name, value in {**facts, "seed": header.get("seed")}.items() if value is not None}


def asked_layers(*traces: Trace | None) -> str:
    """The choice of layers that traces of ours were recorded with, the narrower one of two."""
    chosen = [trace.header.get("layers") for trace in traces if trace is not None and not trace.upstream]
    known = [text for text in chosen if isinstance(text, str)]
    return next((text for text in known if text != ALL), ALL if known else "")


def side_reports(
    reference: Trace | None, candidate: Trace | None, names: tuple[str, str] | None
) -> dict[str, SideReport]:
    """The reports on both sides, from their traces; the reference first."""
    first, second = names or (_name(reference, "reference"), _name(candidate, "candidate"))
    if first == second:
        first, second = ("reference", "candidate") if names is None else (first, f"{second} (2)")
    return {first: _side_report(reference), second: _side_report(candidate)}


def observed(sides: Iterable[str], reference: Trace | None, candidate: Trace | None) -> dict[str, Observer]:
    """How the recorded run of each side differed from a bare one, where the traces have it."""
    found = {
        side: _note(trace, "observer", Observer)
        for side, trace in zip(sides, (reference, candidate), strict=True)
        if trace is not None
    }
    return {side: observer for side, observer in found.items() if observer != Observer()}


def _name(trace: Trace | None, otherwise: str) -> str:
    if trace is None:
        return otherwise
    return "upstream" if trace.upstream else str(trace.header.get("side") or otherwise)


def _side_report(trace: Trace | None) -> SideReport:
    """The report on a side, from its trace."""
    if trace is None:
        return SideReport("failed", error="it left no trace")
    facts = _mapping(trace.notes.get("side"))
    report = SideReport(
        versions=_mapping(facts.get("versions")),
        device=str(facts.get("device", "")),
        layers=len(_mapping(trace.notes.get("layers"))),
        cost=_note(trace, "cost", Spent),
    )
    if not trace.complete:
        report.status, report.error = "failed", "its trace is incomplete"
        report.last_layer = next(reversed(trace.records), "")
    return report


def _note(trace: Trace, name: str, kind: type[Note]) -> Note:
    """A note of a trace; one that does not fit says nothing."""
    try:
        return json_codec.from_plain(kind, trace.notes.get(name), name)
    except json_codec.Unfit:
        return kind()


def _mapping(value: Any) -> dict[str, object]:
    return dict(value) if isinstance(value, Mapping) else {}


def case_differences(reference: Trace | None, candidate: Trace | None) -> list[CaseDifference]:
    """The fields in which the cases of two traces differ, though they should be the same."""
    if reference is None or candidate is None:
        return []
    ours, its = reference.header.get("case"), candidate.header.get("case")
    if not isinstance(ours, Mapping) or not isinstance(its, Mapping):
        return []
    return [
        CaseDifference(name, ours[name], its[name])
        for name in ours
        if name in its and name not in _MAY_DIFFER and ours[name] != its[name]
    ]


def attributes(
    reference: Trace | None, candidate: Trace | None, rows: Iterable[Row]
) -> list[AttributeDifference]:
    """Attributes that differ, without those of operations that could not be paired.

    What makes another shape is paired: its attributes are what makes it.
    """
    if reference is None or candidate is None:
        return []
    ours, its = (read_layer_notes(trace.notes.get("layers")) for trace in (reference, candidate))
    unpaired = {
        addresses.parse_layer(row.address).path
        for row in rows
        if row.obstacle is not None
        and row.obstacle.status != "diverged"
        and addresses.kind(row.address) == "layer"
    }
    return [
        item
        for item in attribute_differences(ours, its)
        if "/" not in item.layer or item.layer not in unpaired
    ]
