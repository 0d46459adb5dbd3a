"""Comparing two traces that exist already; nothing runs."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from harness import comparing, pairs, seeded
from harness.alignment import Alignment
from harness.case import case_fields
from harness.errors import BadInput
from harness.flows.stored_case import SEEDED, overrides_of
from harness.flows.stored_reference import call_by_our_names, stored_truth
from harness.forms import shape_text
from harness.json_codec import short
from harness.own_name import command
from harness.provenance import provenance
from harness.trace import Trace
from harness.verdict import Policy


def diff(
    reference: Path, candidate: Path, policy: Policy, truth: Path | None = None, model: str | None = None
) -> Alignment:
    """Hold one stored trace against another, by the truth that goes with the reference.

    That is the one named, else the one that the reference carries, else the one beside it. The overrides are
    those of the pair that the reference is of: a built-in one, or the one at `model`.
    """
    with contextlib.ExitStack() as stack:
        one = stack.enter_context(Trace.open(reference))
        other = stack.enter_context(Trace.open(candidate))
        _require_same_weights(one, other)
        _name_alike(one, other)
        if truth:
            one.truth = stack.enter_context(Trace.open(truth))
        exact = stored_truth(one, stack)
        alignment = comparing.compare(
            one,
            other,
            exact,
            policy=policy,
            overrides=overrides_of(_case(one), model, str(reference)),
            case=dict(one.header) if one.upstream else _case(one),
            names=(reference.name, candidate.name),
            truth_from=exact.path.name if exact else "",
        )
        alignment.provenance = provenance()
        alignment.evidence = comparing.evidence(alignment, one, other)
    return alignment


def _require_same_weights(one: Trace, other: Trace) -> None:
    """Refuse traces for which each side alone drew its weights, and another number for one of them.

    The law of seeded weights goes by the shape, and () has another one than (1,).
    """
    seed = _case(one).get("seed", 0)
    if one.header.get("state") == other.header.get("state") or _case(one).get("weights") != SEEDED:
        return
    ours, its = _numbers(one), _numbers(other)
    for key in ours:
        drawn = [seeded.weight(seed, key, tuple(shape)) for shape in (ours[key], its.get(key, ours[key]))]
        if drawn[0].reshape(-1) != drawn[1].reshape(-1):
            raise BadInput(
                f"{one.path} and {other.path} were recorded with other weights: each side drew its own, and "
                f"{short(key)} is {shape_text(ours[key])} in the one, {shape_text(its[key])} in the other. "
                f"Record both with one checkpoint (--weights), or use `{command('compare')}`"
            )


def _numbers(trace: Trace) -> dict[str, list[int]]:
    """The entries of a trace's state that are a single number, and in which form."""
    rows = trace.notes.get("state")
    fit = [row for row in rows if isinstance(row, list) and len(row) > 1] if isinstance(rows, list) else []
    return {row[0]: row[1] for row in fit if isinstance(row[0], str) and row[1] in ([], [1])}


def _name_alike(upstream: Trace, ours: Trace) -> None:
    """Give an upstream trace of a built-in pair the names of our trace of it."""
    model, case = upstream.header.get("model"), _case(ours)
    if upstream.upstream and model in pairs.names() and case.get("pair") == model and "variant" in case:
        call_by_our_names(upstream, pairs.built_in(model, str(upstream.path)), case["variant"])


def _case(trace: Trace) -> dict[str, Any]:
    """The case in the header of a trace of ours, if any; a trace of an upstream model has another header."""
    data = {} if trace.upstream else trace.header.get("case", {})
    case_fields(data, f"the case of {trace.path}")
    return dict(data)
