"""Why a loss differs: operations of the reference's loss are changed until all losses are the port's."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from harness.alignment import Alignment
from harness.alignment_rows import Row
from harness.answers import LossOperation
from harness.diagnose import Cause, loss_checks, losses
from harness.flows import loss_evidence, loss_ways, whole_loss
from harness.flows.loss_trials import LossTrials, Trial
from harness.flows.reference_probe import ReferenceProbe
from harness.requests import Edit

_MOST_TOLD = 3
_BESIDE_OTHERS = 0.5  # of the time
_MOST_ALIKE = 40  # changes that give the same: where there are more, none is told from the others
_MOST_BY_ONE_NUMBER = 3000  # changes tried: among more, some give one number by chance


def explain_loss(probe: ReferenceProbe, alignment: Alignment) -> Cause:
    """The edits of the reference's loss that give all the port's losses at once, and their gradient.

    Single edits come first. What has more freedom is tried where none of them does; as these are many, they
    count only with the gradient.
    """
    wanted = loss_evidence.wanted_losses(probe, alignment)
    gradients = loss_evidence.gradients_of_loss(probe, alignment)
    trials = LossTrials(probe)
    whole = trials.listed()
    where = {one.path: one.where for one in whole}
    told: list[Trial] = []
    count, unrelated, choosing = 0, 0, False
    for way in loss_ways.ways(trials, wanted, whole, bool(gradients)):
        met: list[Trial] = []
        for trial, result in way():
            count += 1
            if wanted.is_met(result):
                met.append(trial)
        if met and gradients:
            met = loss_evidence.confirmed(trials, gradients, met)
        kept = loss_evidence.without_choices(trials, wanted.reference, met)
        by_chance = not gradients and count > _MOST_BY_ONE_NUMBER
        found = [] if by_chance else _worth_telling(kept)
        unrelated += len(met) - len(found)
        told += found
        if kept and not (found and loss_evidence.only_choose(trials, wanted.reference, found, whole)):
            break
        choosing = choosing or bool(found)  # others may choose the same, so that the search goes on
    if choosing and loss_checks.in_many_places(told, where):
        unrelated, told = unrelated + len(told), []
    if not told:
        as_a_whole = whole_loss.explained(wanted, gradients, probe.reference, probe.port, count)
        return as_a_whole if as_a_whole.found else _no_cause(count, unrelated, trials.cut)
    told = loss_checks.of_each_place(told, where)
    cause = _cause([words for words, _ in told], count, "the port's losses are the reference's where")
    return _with_place(cause, told[0][1], whole)


def _worth_telling(met: Sequence[Trial]) -> list[Trial]:
    """The changes of one way as they are told; none where they are too many or scattered."""
    ordered = loss_checks.definite_first(sorted(met, key=loss_checks.far_fetched))
    told = [ordered[place] for place in loss_checks.alike([changes for _, changes in ordered])]
    many = len(told) > _MOST_ALIKE or loss_checks.scattered([changes for _, changes in told])
    return [] if many else told


def _with_place(cause: Cause, changes: Sequence[Edit], operations: Sequence[LossOperation]) -> Cause:
    """The cause, with where in the reference's code the operations stand that it tells of."""
    where = {one.path: one.where for one in operations if one.where}
    paths = dict.fromkeys(edit.path for edit in changes if edit.path in where)
    places = "; ".join(f"{path} is run by {where[path]}" for path in paths)
    words = f"{cause.sentence} In the reference, {places}." if places else cause.sentence
    return dataclasses.replace(cause, sentence=words)


def _no_cause(tried: int, unrelated: int, cut: bool) -> Cause:
    """No cause; changes that have nothing in common, or that fit by chance, are no cause."""
    late = "; the time was up before all were tried" if cut else ""
    words = f"none of {tried} changes of the loss gives the port's loss{late}."
    if unrelated:
        words = (
            f"none of {tried} changes of the loss is told by it from others: {unrelated} that have nothing "
            f"in common, or only choose the same elements, give the port's losses{late}."
        )
    return Cause(False, words, tried=tried)


def explain_loss_gradient(
    probe: ReferenceProbe, row: Row, port: Any, floor: float, alone: bool = True
) -> Cause:
    """The same for a gradient that the loss gives back: something is detached, or hardly changes the loss.

    Where it is not the loss alone that gives it back, some time is left for what else does.
    """
    trials = LossTrials(probe, 1.0 if alone else _BESIDE_OTHERS)
    operations = trials.listed(row.address.replace(":grad", ":out"))
    met: list[Trial] = []
    tried = 0
    slight = loss_evidence.slight_changes(trials, probe.reference, loss_ways.usual(operations))
    for edits in (losses.detachments(operations), slight):
        for trial, result in trials.tried(edits, str(probe.scratch)):
            tried += 1
            if result.gradient and loss_evidence.distance(result.gradient, port) <= floor:
                met.append(trial)
        if met:
            break
    met.sort(key=loss_checks.far_fetched)
    lead = "the port's gradient is the reference's where, in the loss,"
    return _cause([words for words, _ in met], tried, lead)


def _cause(met: list[str], tried: int, lead: str) -> Cause:
    if not met:
        return Cause(False, f"none of {tried} changes of one operation gives the port's loss.", tried=tried)
    first, *rest = met
    more = f", and {len(rest) - _MOST_TOLD} more" if len(rest) > _MOST_TOLD else ""
    rivals = f" (the same: {'; '.join(rest[:_MOST_TOLD])}{more})" if rest else ""
    return Cause(True, f"{lead} {first}{rivals}.", first, tried=tried, also=tuple(rest))
