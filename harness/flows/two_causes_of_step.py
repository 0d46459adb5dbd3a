"""Which two changes at once make the port's step, of the groups that they are in."""

from __future__ import annotations

from collections.abc import Sequence

from harness.diagnose.step_formulas import Formula, single_changes
from harness.diagnose.step_pairs import AS_IT_IS, StepParts, cause_of_two
from harness.diagnose.training import clippings
from harness.flows.formula_of_step import TakenStep, options_of_groups
from harness.flows.lockstep import Lockstep
from harness.flows.step_hypotheses import lags
from harness.flows.step_passes import JudgedPass
from harness.training.change import Change


def cause_of_two_changes(live: Lockstep, passes: Sequence[JudgedPass]) -> str:
    """The two changes in words; empty where no two make the steps of all passes."""
    recipe = live.plan.recipe
    variants = {AS_IT_IS: Change()}
    variants |= dict(clippings(recipe))
    for lag, words in lags(live, [one.number for one in passes]).items():
        variants[f"rates and options {words}"] = Change(lag=lag)
    steps = [TakenStep(live, one) for one in passes]
    if any(set(step.wrong) - step.given.keys() for step in steps):
        return ""
    known = set.intersection(*(set(step.given) for step in steps))
    groups = {
        one.group.name: sorted(known & set(one.parameters), key=lambda name: steps[0].given[name].value.size)
        for one in live.members
    }

    def makes(variant: str, formula: Formula, name: str) -> bool:
        return all(step.is_made_by(formula, [name], variants[variant]) for step in steps)

    changes = single_changes(recipe.optimizer, options_of_groups(live))
    return cause_of_two(StepParts(makes, groups, {words: words for words in variants}, changes))
