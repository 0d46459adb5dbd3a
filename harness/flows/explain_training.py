"""`align explain` of a training: why its first wrong step is wrong, as its log says or by repeating it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.case import PORT
from harness.flows import checkpoints
from harness.flows.explain_step import explain_step
from harness.flows.forced_steps import forced_step, step_files
from harness.flows.lockstep import Lockstep, lockstep
from harness.flows.train_batches import batches
from harness.flows.train_request import TrainRequest
from harness.progress import Progress
from harness.scratch import scratch
from harness.session import Worker
from harness.training.log import Training
from harness.training.records import Forced


@dataclass(frozen=True)
class ExplainedStep:
    """A training's first wrong step, if there is one, with its cause; `repeated` says how it was found."""

    training: Training
    forced: Forced | None
    cause: str
    repeated: bool = False

    @property
    def sentence(self) -> str:
        """All in one sentence."""
        if self.forced is None:
            checked = len(self.training.forced)
            return f"None of {checked} forced steps diverged, so there is nothing to explain."
        event = f" ({self.forced.event})" if self.forced.event else ""
        cause = self.cause or "no hypothesis makes it; `align compare --mode train` looks into the pass"
        return f"Step {self.forced.step}{event}: {cause}"


def explain_training(
    stored: Path, progress: Progress, workers: Mapping[str, Worker] | None = None, **named: Any
) -> ExplainedStep:
    """The cause of the first wrong step of a run; the step is taken again where the log does not tell it.

    To take it again, a pair of one's own and paths have to be `named`: no file names code or paths.
    """
    training = Training.load(stored)
    wrong = next((one for one in training.forced if one.verdict == "diverged"), None)
    if wrong is None or wrong.cause:
        return ExplainedStep(training, wrong, wrong.cause if wrong is not None else "")
    request = TrainRequest.from_dict(training.start.case.get("request"), str(training.path))
    request = request.named_again(named, str(training.path))
    with (
        scratch() as place,
        lockstep(request, place, place.folder, progress, lent=workers) as live,
    ):
        live.build()
        live.begin()
        cause = _repeated(live, training.path.parent, wrong.step)
    return ExplainedStep(training, wrong, cause, repeated=True)


def _repeated(live: Lockstep, folder: Path, step: int) -> str:
    """Go to the step from the last checkpoint before it, or from the start, and explain it there."""
    before = [kept for kept in checkpoints.found(folder) if checkpoints.step_of(kept) <= step]
    first = checkpoints.step_of(before[-1]) if before else 0
    if before:
        checkpoints.load(live, before[-1])
    for number, batch in enumerate(batches(live, first, step + 1), first):
        live.progress.event(PORT, "state", text=f"step {number} again")
        if number < step:
            live.take(batch, number)
            continue
        files = step_files(live)
        live.take(batch, number, str(files.memory), str(files.reference))
        judged = forced_step(live, batch, number, files)
        return explain_step(live, number, batch.path, files, judged)
    return ""
