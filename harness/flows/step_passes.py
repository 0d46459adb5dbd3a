"""One optimiser step of both sides, from the reference's own parameters, gradients and slots; it is judged.

The reference takes passes of its training. At each one it steps again, in float32 and in float64, and the
port steps from the same memory with the same gradients. So nothing but the optimiser can differ, and what is
judged is the update: a parameter is far larger, and would hide it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.alignment import Alignment
from harness.alignment_rows import Row
from harness.answers import PassDone
from harness.case import PORT, REFERENCE, SIDES
from harness.flows.forced_steps import StepFiles, compare_step_files, optimizer_step, step_files
from harness.flows.lockstep import Lockstep
from harness.flows.optimiser_steps import write_truth
from harness.flows.together import together
from harness.flows.train_batches import batches
from harness.requests import OptimizerStep, TakePass
from harness.trace import Trace
from harness.training.plan import Plan
from harness.training.stream import Batch

_FIRST, _MOST = 3, 8
_ADAM_RATE = 0.1  # an Adam moves each number by about its rate


@dataclass(frozen=True)
class JudgedPass:
    """A pass, the rows of its step, and the files that it left."""

    number: int
    alignment: Alignment
    files: StepFiles

    @property
    def wrong(self) -> list[Row]:
        """What is not right of the step."""
        return [row for row in self.alignment.rows if row.verdict.status == "diverged"]


def chosen_passes(plan: Plan) -> list[int]:
    """The first passes, and those at which the recipe changes something; in the middle if there is room."""
    wanted = [*range(_FIRST), *plan.events, *(number - 1 for number in plan.events), plan.stop // 2]
    known = [number for number in dict.fromkeys(wanted) if 0 <= number < plan.stop]
    return sorted(known[:_MOST])


def judged_passes(live: Lockstep) -> Iterator[JudgedPass]:
    """The chosen passes; whoever is done with one removes its files."""
    numbers = chosen_passes(live.plan)
    for number, batch in zip(numbers, batches(live, 0, len(numbers)), strict=True):
        files = step_files(live, f"-{number}")
        yield judged_pass(live, batch, number, dataclasses.replace(files, port=files.reference))


def judged_pass(live: Lockstep, batch: Batch, number: int, files: StepFiles) -> JudgedPass:
    """Let the reference take a pass, and both sides its step."""
    live.progress.event(REFERENCE, "state", text=f"pass {number}")
    request = TakePass(str(batch.path), live.uses(number), str(files.memory), str(files.reference))
    live.larger[number] = _larger(live, number, live.workers[REFERENCE].call(request), files.memory)

    def step(side: str) -> None:
        if side == REFERENCE:
            optimizer_step(live, number, files, files.steps)
            optimizer_step(live, number, files, files.exact_steps, dtype="float64")
        else:
            live.progress.event(PORT, "state", text=f"step of pass {number}")
            planted = live.request.planted
            uses, memory, given = live.uses(number, planted.lag), str(files.memory), str(files.reference)
            live.workers[PORT].call(OptimizerStep(memory, given, uses, str(files.port_steps), change=planted))

    together(live.workers, SIDES, step)
    write_truth(files.steps, files.exact_steps, files.steps_truth)
    return JudgedPass(number, compare_step_files(files), files)


def _larger(live: Lockstep, number: int, taken: PassDone, memory: Path) -> float:
    """How many times the rates are taken, so that the rounding of parameters does not hide an update.

    A published rate is never taken smaller.
    """
    uses = live.uses(number)
    rate = max((options["lr"] for options in uses.groups.values()), default=0.0)
    if not rate:
        return 1.0
    if live.plan.recipe.optimizer != "sgd":
        return max(1.0, _ADAM_RATE / rate)
    gradient = math.hypot(*taken.step.gradients.values())
    with Trace.open(memory) as stored:
        sizes = [_size(stored, f"state:{name}") for one in live.members for name in one.parameters]
    return max(1.0, math.hypot(*sizes) / gradient / rate) if gradient else 1.0


def _size(stored: Trace, address: str) -> float:
    return float(np.linalg.norm(np.array(stored.array(address), np.float64)))
