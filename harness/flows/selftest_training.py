"""`align selftest --train`: mistakes in training, planted in the port and looked for by forced steps.

The reference trains once. Each mistake takes the port through the same forced steps until one diverges. The
step at which it must be found is the first where the reference itself, in float64, steps otherwise with that
mistake; one that changes nothing anywhere is not counted.
"""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from harness import pairs, selftest
from harness.case import PORT, REFERENCE
from harness.errors import BadInput, HarnessError
from harness.flows.explain_step import explain_step
from harness.flows.forced_steps import (
    JudgedStep,
    StepFiles,
    forced_step,
    judge_step,
    optimizer_step,
    port_step,
    step_files,
)
from harness.flows.lockstep import Lockstep, lockstep
from harness.flows.selftest import SelftestScore
from harness.flows.together import lend_workers
from harness.flows.train_batches import batches
from harness.flows.train_request import TrainRequest
from harness.progress import Progress
from harness.requests import BeginTraining, Build, ForcedStep, InjectFault, Load
from harness.scratch import scratch
from harness.selftest import Fault, FaultResult, Trained, TrainingMistake
from harness.session import ModelFailed, Worker
from harness.trace import Trace
from harness.training.change import Change

STEPS = 6
_ACTS = 1e-5  # of a tensor's own size: less is hidden by float32 in one step
Tell = Callable[[FaultResult], None]


@dataclasses.dataclass(frozen=True)
class KeptStep:
    """A forced step of the reference, kept so that the port can take it again."""

    number: int
    batch: Path
    files: StepFiles


def selftest_training(
    request: TrainRequest,
    count: int | None,
    seeds: int,
    progress: Progress,
    tell: Tell = lambda row: None,
) -> SelftestScore:
    """Plant so many mistakes into a training of the port that a request names; one of each kind for None."""
    request.case(pairs.find(request.model))  # a wrong request is refused before anything runs
    started = time.perf_counter()
    rows: list[FaultResult] = []
    alarms: list[str] = []
    sound = 0
    versions: dict[str, object] = {}
    with lend_workers(request.device, request.timeout) as workers:
        for seed in range(request.seed, request.seed + seeds):
            this = dataclasses.replace(request, seed=seed)
            with _sound_training(this, progress, workers) as (live, kept, accused):
                sound += len(kept)
                alarms += [f"seed {seed}, {text}" for text in accused]
                if seed == request.seed:
                    versions = {side: worker.ready().versions for side, worker in workers.items()}
                    rows = [_reported(row, tell) for row in _plant(live, kept, count)]
    score = selftest.score(rows, len(alarms), sound)
    return SelftestScore(score, rows, alarms, time.perf_counter() - started, versions)


def _reported(row: FaultResult, tell: Tell) -> FaultResult:
    tell(row)
    return row


@contextmanager
def _sound_training(
    request: TrainRequest, progress: Progress, workers: dict[str, Worker]
) -> Iterator[tuple[Lockstep, list[KeptStep], list[str]]]:
    """Train both sides without a mistake; the forced steps, and what was said of those that diverged."""
    with scratch() as place, lockstep(request, place, place.folder, progress, lent=workers) as live:
        live.build()
        live.begin()
        kept: list[KeptStep] = []
        alarms: list[str] = []
        forced = set(live.plan.forced())
        for number, batch in enumerate(batches(live, 0)):
            if number not in forced:
                live.take(batch, number)
                continue
            files = step_files(live, f"-{number}")
            live.take(batch, number, str(files.memory), str(files.reference))
            found = forced_step(live, batch, number, files).forced
            copied = live.scratch.file(f"batch-{number}.h5")
            shutil.copyfile(batch.path, copied)
            kept.append(KeptStep(number, copied, files))
            if found.verdict == "diverged":
                alarms.append(f"step {number}: {found.sentence}")
        yield live, kept, alarms


def _plant(live: Lockstep, kept: list[KeptStep], count: int | None) -> Iterator[FaultResult]:
    mistakes = selftest.training_sample(selftest.training_mistakes(_trained(live)), count, live.request.seed)
    if not mistakes:
        raise BadInput("there is no place in this training where a mistake of the catalogue applies")
    for place, mistake in enumerate(mistakes, 1):
        text = f"{place} of {len(mistakes)}: {mistake.kind} in {mistake.place}"
        live.progress.event(PORT, "state", text=text)
        try:
            yield _try(live, kept, mistake)
        except HarnessError as error:
            yield FaultResult(mistake.scored(), False, False, False, ran=False, said=str(error)[:300])


def _trained(live: Lockstep) -> Trained:
    port = live.workers[PORT].call(Build(live.case.pair, live.case.variant))
    return Trained(
        recipe=live.plan.recipe,
        groups=live.setup().groups,
        unclaimed=live.unclaimed,
        steps_per_epoch=live.plan.length.steps,
        batch=live.plan.length.batch,
        layers=port.layers,
        keys=frozenset(entry.key for entry in port.state),
    )


def _try(live: Lockstep, kept: list[KeptStep], mistake: TrainingMistake) -> FaultResult:
    """Let the port take forced steps with the mistake until one diverges, and explain that one."""
    due = _due(live, kept, mistake)
    if due is None:
        said = "it changes nothing here"
        return FaultResult(mistake.scored(), False, False, False, ran=False, said=said)
    _begin(live, PORT, mistake.change, mistake.faults)
    for one in kept:
        port_step(live, one.batch, one.number, one.files, mistake.change.lag)
        judged = judge_step(live, one.number, one.files)
        if judged.forced.verdict == "diverged":
            return _found(live, one, judged, mistake, due)
    return FaultResult(mistake.scored(), False, False, False, said=f"should show at step {due}")


def _found(
    live: Lockstep, one: KeptStep, judged: JudgedStep, mistake: TrainingMistake, due: int
) -> FaultResult:
    cause = explain_step(live, one.number, one.batch, one.files, judged)
    first = judged.forced.rows[0].address
    located = one.number == due
    named = located and any(word in cause for word in mistake.names)
    said = cause or judged.forced.sentence
    return FaultResult(mistake.scored(), True, located, named, True, [f"step {one.number}: {first}"], said)


def _begin(live: Lockstep, side: str, change: Change, faults: Sequence[Fault] = ()) -> None:
    worker = live.workers[side]
    worker.call(Build(live.case.pair, live.case.variant))  # a fault stays in a model until it is built anew
    worker.call(Load(str(live.weights)))
    for fault in faults:
        worker.call(InjectFault(fault.kind, fault.path, dict(fault.attributes)))
    worker.call(BeginTraining(live.setup(), change))


def _due(live: Lockstep, kept: list[KeptStep], mistake: TrainingMistake) -> int | None:
    """The first forced step that the mistake changes: another multiple of a loss does so at once."""
    if mistake.change.loss != 1:
        return kept[0].number
    if mistake.faults:
        _begin(live, REFERENCE, Change(), mistake.faults)
        try:
            return next((one.number for one in kept if _disturbs(live, one)), None)
        except ModelFailed:  # torch forbids some faults in a layer that is called twice
            return kept[0].number
        finally:
            _begin(live, REFERENCE, Change())
    return next((one.number for one in kept if _changes(live, one, mistake.change)), None)


def _disturbs(live: Lockstep, one: KeptStep) -> bool:
    """Whether the reference's pass, with a fault in its model, is another one than rounding may make it."""
    path, steps = live.scratch.file("faulty.h5"), live.scratch.file("faulty-steps.h5")
    for made in (path, steps):
        made.unlink(missing_ok=True)
    given = (str(one.files.memory), str(one.batch), live.uses(one.number))
    live.workers[REFERENCE].call(ForcedStep(*given, str(path), str(steps)))
    with (
        Trace.open(one.files.reference) as ours,
        Trace.open(path) as its,
        Trace.open(one.files.truth) as truth,
    ):
        known = [address for address in ours.records if address in truth.records]
        return any(_beyond_rounding(ours, its, truth, address) for address in known)


def _beyond_rounding(ours: Trace, its: Trace, truth: Trace, address: str) -> bool:
    right, exact = (np.asarray(trace.array(address), np.float64) for trace in (ours, truth))
    wrong = np.asarray(its.array(address), np.float64) if address in its.records else np.zeros_like(right)
    rounding = 2 * float(np.linalg.norm(right - exact))
    return float(np.linalg.norm(wrong - right)) > max(rounding, _ACTS * float(np.linalg.norm(exact)))


def _changes(live: Lockstep, one: KeptStep, change: Change) -> bool:
    """Whether the reference's own step in float64 is another one with the change."""
    right, wrong = live.scratch.file("right64.h5"), live.scratch.file("wrong64.h5")
    for path, how in ((right, Change()), (wrong, change)):
        optimizer_step(
            live, one.number, one.files, path, dtype="float64", change=how, gradients=one.files.reference
        )
    with Trace.open(right) as ours, Trace.open(wrong) as its:
        if ours.records.keys() != its.records.keys():
            return True
        return any(_apart(ours, its, address) > _ACTS for address in ours.records)


def _apart(ours: Trace, its: Trace, address: str) -> float:
    left, right = (np.asarray(trace.array(address), np.float64) for trace in (ours, its))
    size = max(float(np.linalg.norm(left)), float(np.linalg.norm(right)))
    return float(np.linalg.norm(left - right)) / size if size else 0.0
