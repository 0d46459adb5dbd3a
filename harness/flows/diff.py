"""Comparing two traces that exist already; nothing runs."""

from __future__ import annotations

import contextlib
from pathlib import Path

import golden
from harness import comparing, pairs
from harness.alignment import Alignment
from harness.errors import BadInput
from harness.pairs.base import Override
from harness.trace import Trace
from harness.verdict import Policy


def diff(reference: Path, candidate: Path, policy: Policy, truth: Path | None = None) -> Alignment:
    """Hold one stored trace against another; a truth beside the reference is used without being named."""
    beside = golden.truth_path(reference)
    truth = truth or (beside if beside.is_file() else None)
    with contextlib.ExitStack() as stack:
        one = stack.enter_context(Trace.open(reference))
        other = stack.enter_context(Trace.open(candidate))
        exact = stack.enter_context(Trace.open(truth)) if truth else None
        return comparing.compare(
            one,
            other,
            exact,
            policy=policy,
            overrides=_overrides(one),
            case=dict(one.header.get("case", {})) if not one.upstream else dict(one.header),
            names=(reference.name, candidate.name),
        )


def _overrides(trace: Trace) -> tuple[Override, ...]:
    """The overrides of the pair the trace was made from, where that pair is known here."""
    case = trace.header.get("case")
    if not isinstance(case, dict):
        return ()
    try:
        pair = pairs.find(str(case["pair"]))
        return pair.overrides(pair.variant(str(case["variant"])), case["mode"])
    except (BadInput, KeyError, ValueError):
        return ()
