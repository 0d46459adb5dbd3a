"""Why a loss differs: operations of the reference's loss are changed until all losses are the port's."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from harness import address as addresses
from harness.alignment import Alignment
from harness.alignment_rows import Row
from harness.answers import LossOperation
from harness.diagnose import Cause, loss_checks, losses
from harness.flows import loss_ways
from harness.flows.loss_trials import LossTrials, Trial, WantedLosses
from harness.flows.reference_probe import ReferenceProbe
from harness.requests import Edit
from harness.trace import Trace

_MOST_TOLD = 3
_LEAST_OF_GRADIENTS = 1e-3
_LEAST = 8e-6  # of a loss: the rounding of a sum over many elements


def explain_loss(probe: ReferenceProbe, alignment: Alignment) -> Cause:
    """The edits of the reference's loss that give all the port's losses at once, and their gradient.

    Single edits come first. What has more freedom is tried where none of them does; as these are many, they
    count only with the gradient.
    """
    wanted, gradient = _wanted(probe, alignment), _gradient_of_loss(probe, alignment)
    trials = LossTrials(probe)
    whole = trials.listed()
    met: list[Trial] = []
    count = 0
    for way in loss_ways.ways(trials, wanted, whole, gradient is not None):
        for trial, result in way():
            count += 1
            if wanted.is_met(result):
                met.append(trial)
        if met and gradient is not None:
            met = _confirmed(trials, gradient, met)
        if met:
            break
    met.sort(key=loss_checks.far_fetched)
    told = [met[place] for place in loss_checks.alike([changes for _, changes in met])]
    if met and not told:
        return _cause_of_unrelated(met, count)
    cause = _cause([words for words, _ in told], count, "the port's losses are the reference's where")
    return _with_place(cause, told[0][1], whole) if told else cause


def _with_place(cause: Cause, changes: Sequence[Edit], operations: Sequence[LossOperation]) -> Cause:
    """The cause, with where in the reference's code the operations stand that it tells of."""
    where = {one.path: one.where for one in operations if one.where}
    paths = dict.fromkeys(edit.path for edit in changes if edit.path in where)
    places = "; ".join(f"{path} is run by {where[path]}" for path in paths)
    words = f"{cause.sentence} In the reference, {places}." if places else cause.sentence
    return dataclasses.replace(cause, sentence=words)


def _cause_of_unrelated(met: Sequence[Trial], tried: int) -> Cause:
    """No cause: changes that have nothing in common give the port's losses alike."""
    edit = met[0][1][0]
    words = (
        f"{len(met)} unrelated functions of input {edit.place} of {edit.path} give the port's losses alike, "
        f"of {tried} changes tried: something that depends on it is not as in the reference."
    )
    return Cause(False, words, tried=tried)


@dataclasses.dataclass(frozen=True)
class _Gradient:
    """The gradient that the port's loss gives back at one address."""

    address: str
    port: Any


def _gradient_of_loss(probe: ReferenceProbe, alignment: Alignment) -> _Gradient | None:
    """That of the last result of the model whose gradient comes back wrong; if none does, of the last."""
    alone = [
        row
        for row in alignment.rows
        if addresses.is_layer_gradient(row.address) and row.isolated is not None and row.found == "both"
    ]
    wrong = [row for row in alone if row.isolated and row.isolated.verdict.status == "diverged"]
    row = max(wrong or alone, key=lambda row: row.order, default=None)
    if row is None:
        return None
    trace = probe.isolated if row.address in probe.isolated.records else probe.reference
    array = trace.array(row.address) if row.address in trace.records else None
    return None if array is None else _Gradient(row.address, np.array(array, np.float64))


def _confirmed(trials: LossTrials, gradient: _Gradient, met: list[Trial]) -> list[Trial]:
    """Those edits that give the port's gradient as well: one number alone fits by chance now and then."""
    probe, port = trials.probe, gradient.port
    room = _LEAST_OF_GRADIENTS * float(np.linalg.norm(port))
    trials.give_time()
    trials.listed(gradient.address.replace(":grad", ":out"))
    results = list(trials.tried(met, str(probe.scratch)))
    kept = [trial for trial, result in results if result.gradient and _apart(result.gradient, port) <= room]
    if not kept:
        trials.listed()  # the next tries need no gradient
    return kept


def explain_loss_gradient(probe: ReferenceProbe, row: Row, port: Any, floor: float) -> Cause:
    """The same for a gradient that the loss gives back: something in the loss is detached."""
    trials = LossTrials(probe)
    operations = trials.listed(row.address.replace(":grad", ":out"))
    met, tried = [], 0
    for (words, _), result in trials.tried(losses.detachments(operations), str(probe.scratch)):
        tried += 1
        if result.gradient and _apart(result.gradient, port) <= floor:
            met.append(words)
    return _cause(met, tried, "the port's gradient is the reference's where, in the loss,")


def _wanted(probe: ReferenceProbe, alignment: Alignment) -> WantedLosses:
    port, reference, room = {}, {}, {}
    for row in alignment.rows:
        kind, _, name = row.address.partition(":")
        if kind == "loss" and row.found == "both":
            reference[name] = _number(probe.reference, row.address)
            alone = row.address in probe.isolated.records
            port[name] = _number(probe.isolated, row.address) if alone else reference[name]
            room[name] = _LEAST * max(abs(port[name]), abs(reference[name]))
    return WantedLosses(port, reference, room)


def _number(trace: Trace, address: str) -> float:
    return float(np.array(trace.array(address)).reshape(()))


def _apart(path: str, port: Any) -> float:
    with Trace.open(path) as tried:
        found = np.array(tried.array("grad:wanted"), np.float64)
    return float(np.linalg.norm(found - port)) if found.shape == port.shape else float("inf")


def _cause(met: list[str], tried: int, lead: str) -> Cause:
    if not met:
        return Cause(False, f"none of {tried} changes of one operation gives the port's loss.", tried=tried)
    first, *rest = met
    more = f", and {len(rest) - _MOST_TOLD} more" if len(rest) > _MOST_TOLD else ""
    rivals = f" (the same: {'; '.join(rest[:_MOST_TOLD])}{more})" if rest else ""
    return Cause(True, f"{lead} {first}{rivals}.", first, tried=tried, also=tuple(rest))
