"""Compares two traces: pairs their addresses, measures and judges each pair, and concludes."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

from harness import address as addresses
from harness.alignment import Alignment
from harness.alignment_rows import Obstacle, Outcome, Row, SideReport
from harness.answers import Observer
from harness.comparing._coverage import coverage
from harness.comparing._dropout import dropped
from harness.comparing._inconclusive import randomness, why_inconclusive
from harness.comparing._inner import set_inner_apart
from harness.comparing._isolated import rejudge_isolated
from harness.comparing._lineage import execution_order, feeds, teller
from harness.comparing._measuring import TensorMeter
from harness.comparing._other_ways import excuse_other_ways
from harness.comparing._pairing import Paired, Pairing
from harness.comparing._places import first_diverged, worst_row
from harness.comparing._provenance import (
    asked_layers,
    attributes,
    case_differences,
    case_of,
    observed,
    side_reports,
)
from harness.comparing._sentence import sentence
from harness.comparing._stopped import sources_of_stopped
from harness.coverage import Coverage
from harness.errors import BadInput
from harness.pairs.base import Override
from harness.trace import Trace
from harness.verdict import (
    Measured,
    MetricPolicy,
    NoisePolicy,
    Policy,
    Verdict,
    judge,
    override_for,
    tolerance,
)


def compare(
    reference: Trace | None,
    candidate: Trace | None,
    truth: Trace | None = None,
    policy: Policy | None = None,
    overrides: Sequence[Override] = (),
    *,
    names: tuple[str, str] | None = None,
    sides: Mapping[str, SideReport] | None = None,
    case: Mapping[str, Any] | None = None,
    observer: Mapping[str, Observer] | None = None,
    truth_from: str = "",
) -> Alignment:
    """Compare a candidate with a reference, each whole or compact; a side that left no trace is None.

    `truth` is the float64 trace with the noise of each tensor. `sides` reports on both sides under their
    names, the reference first; where it is left out, the traces' own notes fill it in. `truth_from` names the
    file of a truth that was stored.
    """
    policy = policy or NoisePolicy()
    reports = dict(sides) if sides else side_reports(reference, candidate, names)
    reference_name, candidate_name = reports
    rows: list[Row] = []
    unpaired: dict[str, list[str]] = {reference_name: [], candidate_name: []}
    if reference is not None and candidate is not None:
        candidate.name_results_as(reference)
        pairing = Pairing(reference, candidate, (reference_name, candidate_name))
        rows = _rows(pairing, TensorMeter(reference, candidate, truth), policy, overrides)
        unpaired = pairing.unpaired()
    alignment = Alignment(
        case=dict(case) if case is not None else case_of(reference or candidate),
        policy=policy.to_dict(),
        sides=reports,
        rows=rows,
        coverage=Coverage(
            asked=asked_layers(candidate, reference),
            unpaired=unpaired,
            case_differences=case_differences(reference, candidate),
            dropout=dropped((reference_name, candidate_name), reference, candidate),
        ),
        attributes=attributes(reference, candidate, rows),
        overrides=list(overrides),
        truth=truth_from if truth is not None else "",
        observer=dict(observer) if observer is not None else observed(reports, reference, candidate),
    )
    return conclude(alignment, policy)


def rejudge(alignment: Alignment, policy: Policy) -> Alignment:
    """The same alignment judged by another policy, from its stored numbers alone."""
    judged = copy.deepcopy(alignment)
    judged.policy = policy.to_dict()
    for row in judged.rows:
        row.verdict = judge_row(row, policy, judged.overrides)
    excuse_other_ways(judged.rows)
    judged = conclude(judged, policy)
    rejudge_isolated(judged, policy, judged.overrides)
    return judged


def judge_row(row: Row, policy: Policy, overrides: Sequence[Override]) -> Verdict:
    """Judge the measures of a row, or the obstacle to measuring it."""
    if row.measured is not None:
        return judge(row.address, row.measured, policy, overrides)
    rule = override_for(row.address, overrides)
    if rule is not None and rule.policy == "skip":
        return Verdict("skipped", "skip", rule.reason)
    if isinstance(policy, MetricPolicy) and addresses.kind(row.address) != "metric":
        return Verdict("skipped", "metric", "policy metric judges metrics alone")
    assert row.obstacle is not None
    return Verdict(row.obstacle.status, "pairing", row.obstacle.why)


def conclude(alignment: Alignment, policy: Policy) -> Alignment:
    """Fill in what follows from the rows, and from what was compared with a stored trace."""
    rows = alignment.rows
    failed = any(side.status == "failed" for side in alignment.sides.values())
    if not failed and not any(row.verdict.status in ("aligned", "diverged", "inconclusive") for row in rows):
        raise BadInput(_nothing_judged(alignment, policy))
    if not failed:
        set_inner_apart(rows, policy, alignment.coverage.needed)
    first, worst = first_diverged(rows), worst_row(rows)
    alignment.first = first.address if first else None
    alignment.worst = worst.address if worst else None
    fallback = [row.address for row in rows if _fell_back(row, policy, alignment.overrides)]
    alignment.coverage = coverage(rows, fallback, alignment.coverage)
    unlike = sources_of_stopped(alignment) if failed else []
    alignment.verdict = "failed" if failed and not unlike else _verdict(alignment)
    if unlike and not alignment.isolated.ran:
        alignment.sources = unlike
    alignment.sentence = sentence(alignment)
    return alignment


def _verdict(alignment: Alignment) -> Outcome:
    """The verdict. A difference in shape or presence counts as diverged even if values are random."""
    if any(row.obstacle is not None and row.verdict.status == "diverged" for row in alignment.rows):
        return "diverged"
    if randomness(alignment) or alignment.coverage.dropout.apart:
        return "inconclusive"
    if alignment.first is not None:
        return "diverged"
    if why_inconclusive(alignment):
        return "inconclusive"
    held = {found.verdict for found in alignment.against_stored} - {"aligned"}
    if held & {"diverged", "failed"}:
        return "diverged" if "diverged" in held else "failed"
    return "inconclusive" if held else "aligned"


def _nothing_judged(alignment: Alignment, policy: Policy) -> str:
    if isinstance(policy, MetricPolicy):
        return "policy metric judges metrics, and there is none here; use policy noise or fixed"
    reasons = list(dict.fromkeys(row.verdict.reason for row in alignment.rows))[:3]
    why = f" ({'; '.join(reasons)})" if reasons else ""
    both = " and ".join(alignment.names)
    return f"{both} have no tensor that can be compared{why}; are they of the same model?"


def _fell_back(row: Row, policy: Policy, overrides: Sequence[Override]) -> bool:
    """Whether a fixed tolerance decided because there is no float64 truth."""
    if row.measured is None or not isinstance(policy, NoisePolicy) or override_for(row.address, overrides):
        return False
    return tolerance(row.address, row.measured, policy) is not None


def _rows(pairing: Pairing, meter: TensorMeter, policy: Policy, overrides: Sequence[Override]) -> list[Row]:
    order = execution_order(pairing.reference, pairing.candidate)
    fed_by = feeds(teller(pairing.reference, pairing.candidate))
    rows = []
    for paired in pairing:
        record = paired.record
        measured, obstacle = _measure(paired, meter, policy, overrides)
        row = Row(
            address=record.address,
            type=record.type,
            shape=record.shape,
            dtype=record.dtype,
            order=order[record.address],
            measured=measured,
            verdict=Verdict("not compared", "", ""),
            note=_note(paired, pairing),
            inputs=fed_by.get(record.address, []),
            found=paired.found,
            obstacle=obstacle,
        )
        row.verdict = judge_row(row, policy, overrides)
        rows.append(row)
    excuse_other_ways(rows)
    return sorted(rows, key=lambda row: row.order)


def _measure(
    paired: Paired, meter: TensorMeter, policy: Policy, overrides: Sequence[Override]
) -> tuple[Measured | None, Obstacle | None]:
    """Measure what can be; where a tolerance decides and the rough figures speak against it, look closer."""
    if paired.obstacle is not None:
        return None, paired.obstacle
    address = paired.record.address
    measured = meter.measure(address)
    if measured is None:
        return None, Obstacle("both traces are compact and hold no element in common")
    allowed = tolerance(address, measured, policy, overrides)
    if allowed is None or allowed.rtol == 0 or not 1 < measured.excess(*allowed[1:3]) < math.inf:
        return measured, None
    return meter.refine(address, measured, allowed.rtol), None


def _note(paired: Paired, pairing: Pairing) -> str:
    """What differs between the two records without being a fault."""
    if paired.found != "both":
        return ""
    record, other = paired.record, pairing.candidate.records[paired.record.address]
    reference, candidate = pairing.names
    notes = []
    if record.dtype != other.dtype:
        notes.append(f"{record.dtype} in {reference}, {other.dtype} in {candidate}")
    if record.shape != other.shape and paired.obstacle is None:
        notes.append(f"shape {list(record.shape)} in {reference}, {list(other.shape)} in {candidate}")
    return "; ".join(notes)
