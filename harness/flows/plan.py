"""`align train --plan`: what a training will do, worked out without training anything."""

from __future__ import annotations

from harness.case import REFERENCE
from harness.flows.lockstep import lockstep
from harness.flows.train_request import TrainRequest
from harness.progress import Progress
from harness.scratch import scratch
from harness.training.planned import Planned, PlannedStep


def plan_of(request: TrainRequest, progress: Progress) -> Planned:
    """Build the reference alone, to learn the names of its parameters, and work the plan out."""
    sides = (REFERENCE,)
    with scratch() as place, lockstep(request, place, place.folder, progress, sides) as live:
        live.build(sides)
        plan, recipe = live.plan, live.plan.recipe
        return Planned(
            optimizer=recipe.optimizer,
            options=dict(recipe.options),
            epochs=plan.length.epochs,
            steps_per_epoch=plan.length.steps,
            batch=plan.length.batch,
            stop=plan.stop,
            groups={one.group.name: list(one.parameters) for one in live.members},
            unclaimed=live.unclaimed,
            steps=[
                PlannedStep(
                    number,
                    plan.length.place(number)[0],
                    {name: dict(options) for name, options in plan.at(number).uses.groups.items()},
                    plan.at(number).updates,
                    plan.events.get(number, ""),
                )
                for number in plan.forced()
            ],
            forced=plan.forced(),
            quirks=list(recipe.quirks),
        )
