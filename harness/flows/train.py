"""`align train`: both sides in lockstep on the same batches, with forced steps that tell bugs from chaos."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import shlex
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import reports
from harness import unused_memory
from harness.answers import PassDone
from harness.case import PORT, REFERENCE, SIDES
from harness.errors import WorkerLost
from harness.flows import checkpoints, run_folder, twin_cache
from harness.flows.epoch_metrics import epoch_metrics
from harness.flows.explain_step import explain_step
from harness.flows.forced_steps import forced_step, step_files
from harness.flows.lockstep import Lockstep, lockstep
from harness.flows.stopping import Asked, asked_to_stop
from harness.flows.train_batches import batches
from harness.flows.train_request import TrainRequest
from harness.flows.twin_runs import MOST_OWN, Moved, own_steps, replay, twins
from harness.flows.weight_distance import distance, is_measured
from harness.own_name import command
from harness.pairs import find
from harness.progress import Progress
from harness.scratch import scratch
from harness.session import Worker
from harness.training.free_run import free_run, suspicion
from harness.training.log import NAME, Training, TrainingLog
from harness.training.records import Checkpoint, End, Event, Finding, Forced, Resume, Start, Step, Twin
from harness.training.stream import Batch

PAGE = "training.html"
_SEVERAL = 3


@dataclass
class TrainingRun:
    """What a training has come to so far."""

    live: Lockstep
    log: TrainingLog
    folder: Path
    step: int = 0
    verdicts: list[str] = field(default_factory=list)
    judged: int = 0  # tensors of forced steps,
    decided: int = 0  # and those of them that no noise could have hidden
    explained: bool = False  # the first wrong step is, and that is enough
    costs: dict[str, float] = field(default_factory=dict)
    values: dict[int, Path] = field(default_factory=dict)  # the reference's parameters after some steps
    course: twin_cache.Course = field(default_factory=twin_cache.Course)
    free: list[str] = field(default_factory=list)  # what its own run says of the port
    suspect: bool = False

    def take(self, forced: Forced) -> None:
        """Count a forced step in."""
        self.verdicts.append(forced.verdict)
        self.judged += forced.judged
        self.decided += forced.judged if forced.decided is None else forced.decided


def train(request: TrainRequest, progress: Progress, workers: Mapping[str, Worker] | None = None) -> Training:
    """Train both sides into a new run folder; the log of it. `workers` are used instead of new ones."""
    pair = find(request.model)
    folder = run_folder.choose(request.output, request.case(pair))
    with run_folder.kept_log(folder, NAME):
        return _train(request, folder, progress, workers)


def resume(
    folder: Path,
    progress: Progress,
    steps: int | None = None,
    workers: Mapping[str, Worker] | None = None,
    **named: Any,
) -> Training:
    """Go on with the training of a run folder; a pair of one's own and paths are `named` again."""
    before = Training.load(folder)
    request = TrainRequest.from_dict(before.start.case.get("request"), str(before.path))
    request = request.named_again(named, str(before.path))
    if steps is not None:
        request = dataclasses.replace(request, steps=steps)
    return _train(request, folder, progress, workers, resume=True)


def _train(
    request: TrainRequest,
    folder: Path,
    progress: Progress,
    workers: Mapping[str, Worker] | None = None,
    *,
    resume: bool = False,
) -> Training:
    progress.event("run", "folder", path=str(folder))
    with (
        scratch() as place,
        lockstep(request, place, folder / run_folder.LOGS, progress, lent=workers) as live,
    ):
        live.build()
        live.begin()
        if not resume:
            needed = checkpoints.expected_bytes(live)
            checkpoints.require_room(folder, needed, "its checkpoints take about")
        unused_memory.give_back()
        with TrainingLog(folder / NAME, resume=resume) as log:
            _begun(TrainingRun(live, log, folder), resume)
    training = Training.load(folder)
    reports.write_training(training, folder / PAGE, replace=True)
    return training


def _begun(run: TrainingRun, resume: bool) -> None:
    """Take all steps of a training whose workers are ready, and let the twins run."""
    if resume:
        _go_back(run)
    else:
        run.log.write(_start(run.live))
    with _ending(run), asked_to_stop() as asked:
        _steps(run, asked)
        _twins(run, asked)


def _go_back(run: TrainingRun) -> None:
    kept = checkpoints.newest(run.folder, len(Training.load(run.folder).steps))
    if kept is not None:
        checkpoints.load(run.live, kept)
        run.step = checkpoints.step_of(kept)
    run.log.write(Resume(run.step))
    training = Training.load(run.folder)
    for one in training.forced:
        run.take(one)
    run.verdicts += ["diverged" for _ in training.findings]


def _start(live: Lockstep) -> Start:
    recipe = live.plan.recipe
    return Start(
        case={**live.case.to_dict(), "request": live.request.to_dict()},
        recipe={
            "optimizer": recipe.optimizer,
            "lr": live.plan.lr,
            "schedule": recipe.schedule,
            "epochs": live.plan.length.epochs,
            "batch": live.plan.length.batch,
            "quirks": list(recipe.quirks),
        },
        data={"source": str(live.request.data or "synthetic"), "samples": len(live.stream)},
        sides={side: asdict(live.workers[side].ready()) for side in SIDES},
        steps=live.plan.stop,
        steps_per_epoch=live.plan.length.steps,
        groups={one.group.name: list(one.parameters) for one in live.members},
        events=[Event(number, name) for number, name in live.plan.events.items()],
        notes=[
            *(f"{name} is in no group and never learns" for name in live.unclaimed),
            *(f"nothing is dropped at {place}: {why}" for place, why in live.undropped.items()),
        ],
    )


def _steps(run: TrainingRun, asked: Asked) -> None:
    """Take all steps that are left, unless somebody asks to stop."""
    live = run.live
    forced = set(live.plan.forced()) if live.request.forced else set()
    for batch in batches(live, run.step):
        _one_step(run, batch, forced=run.step in forced)
        run.step += 1
        if run.step % live.every == 0 or run.step == live.plan.stop or asked.number is not None:
            _keep(run)
        if batch.number + 1 == live.plan.length.steps and _is_measured(live, batch.epoch):
            _evaluate(run, batch.epoch)
        if asked.number is not None:
            _interrupt(run, asked)


def _one_step(run: TrainingRun, batch: Batch, forced: bool) -> None:
    live = run.live
    files = step_files(live) if forced else None
    wanted = {"memory": str(files.memory), "trace": str(files.reference)} if files else {}
    values = _value_files(run)
    taken = live.take(batch, run.step, **wanted, values=values)
    far, moved = _distances(run, values)
    steps = {side: one.step for side, one in taken.items()}
    run.log.write(Step(run.step, batch.epoch, steps, far, moved))
    if live.request.twins:
        run.course.add(batch.path, live.uses(run.step), steps[REFERENCE].loss, values.get(REFERENCE))
    for side, one in taken.items():
        run.costs[f"{side} cpu"] = run.costs.get(f"{side} cpu", 0.0) + one.cpu
    _tell(run, taken)
    _check(run, taken)
    if files is not None:
        started = time.perf_counter()
        judged = forced_step(live, batch, run.step, files)
        run.costs["forced steps"] = run.costs.get("forced steps", 0.0) + time.perf_counter() - started
        run.costs["float64 cpu"] = run.costs.get("float64 cpu", 0.0) + judged.truth.cpu
        found = judged.forced
        if found.verdict == "diverged" and not run.explained:
            run.explained = True
            cause = explain_step(live, run.step, batch.path, files, judged)
            found = dataclasses.replace(found, cause=cause)
        run.log.write(found)
        run.take(found)


def _value_files(run: TrainingRun) -> dict[str, Path]:
    live = run.live
    if not live.request.twins or not is_measured(run.step, live.plan.stop):
        return {}
    return {
        REFERENCE: live.values_file(run.step),
        PORT: live.scratch.file("values-port.h5"),
    }


def _distances(run: TrainingRun, values: dict[str, Path]) -> tuple[float | None, float | None]:
    """How far the port's parameters are from the reference's, and those from where they began."""
    if not values:
        return None, None
    run.values[run.step] = values[REFERENCE]
    return distance(values[PORT], values[REFERENCE]), distance(values[REFERENCE], run.live.weights)


def _is_measured(live: Lockstep, epoch: int) -> bool:
    return (epoch + 1) % live.request.evaluate_every == 0 or epoch + 1 == live.plan.length.epochs


def _evaluate(run: TrainingRun, epoch: int) -> None:
    found = epoch_metrics(run.live, epoch, run.step)
    if found is not None:
        run.costs["validation"] = run.costs.get("validation", 0.0) + found.seconds
        run.log.write(found)


def _twins(run: TrainingRun, asked: Asked) -> None:
    """Let the reference's twins show what chaos does, and judge the port's own run by them."""
    if not run.live.request.twins:
        return
    started = time.perf_counter()
    if run.course.steps < run.step:
        run.course, run.values = replay(run.live, _until_asked(run, asked))
    for twin in twins(run.live, run.values):
        _twin(run, twin, asked)
    judged = free_run(Training.load(run.folder))
    if any(one.status == "suspect" for one in judged):  # a kink may have thrown it: once more
        again = Moved(run.live, PORT, 0, run.values)
        again.run(_until_asked(run, asked), run.log.write)
        judged = free_run(Training.load(run.folder))
    if (way := suspicion(judged)) is not None and way[1] - way[0] < MOST_OWN:
        own_steps(run.live, _until_asked(run, asked), *way, run.log.write)
        judged = free_run(Training.load(run.folder))
    run.free = [one.sentence for one in judged]
    if any(one.status == "suspect" for one in judged):
        run.suspect = True
    run.costs["twins"] = time.perf_counter() - started


def _twin(run: TrainingRun, twin: Moved, asked: Asked) -> None:
    """What a twin tells, found where an earlier training has kept it, else run now and kept."""
    live = run.live
    place = twin_cache.place(live, run.course, twin.state())
    kept = twin_cache.read(place, twin.number, live.plan.stop, live.progress)
    if kept is not None:
        for one in kept:
            run.log.write(one)
        return
    twins: list[Twin] = []

    def write(one: Twin) -> None:
        twins.append(one)
        run.log.write(one)

    twin.run(_until_asked(run, asked), write)
    twin_cache.write(place, twins)


def _until_asked(run: TrainingRun, asked: Asked) -> Iterator[Batch]:
    for batch in batches(run.live, 0):
        if asked.number is not None:
            _interrupt(run, asked)
        yield batch


def _interrupt(run: TrainingRun, asked: Asked) -> None:
    """End as somebody has asked, and say how to go on."""
    _end(run, "interrupted")
    words = f"train --resume {shlex.quote(str(run.folder))}{run.live.request.flags_again()}"
    go_on = f"kept in {run.folder}; go on with: {command(words)}"
    run.live.progress.event("run", "state", text=go_on)
    asked.raise_signal()


def _tell(run: TrainingRun, taken: dict[str, PassDone]) -> None:
    for side, one in taken.items():
        text = f"step {run.step + 1} of {run.live.plan.stop}, loss {one.step.loss:.6g}"
        run.live.progress.event(side, "state", text=text)


def _check(run: TrainingRun, taken: dict[str, PassDone]) -> None:
    """What may not be, whatever chaos does: it is written as a finding."""
    plan = run.live.plan
    step = plan.at(run.step)
    found: list[Finding] = []
    odd = {side: bool(one.strange) or not math.isfinite(one.step.loss) for side, one in taken.items()}
    if odd[REFERENCE] != odd[PORT]:
        side = PORT if odd[PORT] else REFERENCE
        names = taken[side].strange
        address = f"grad:{names[0]}" if names else "loss:" + next(iter(taken[side].step.losses))
        found.append(Finding(run.step, side, address, f"not finite in {side} alone"))
    active = {
        name
        for one in run.live.members
        if step.updates and one.group.name in step.uses.groups and step.uses.groups[one.group.name]["lr"]
        for name in one.parameters
    }
    for side, one in taken.items():
        moved = [name for name in set(_learning(run)) - active if name not in one.still]
        found += [
            Finding(run.step, side, f"update:{name}", "it moved, though nothing may move it in this step")
            for name in sorted(moved)[:_SEVERAL]
        ]
    for finding in found:
        run.log.write(finding)
        run.verdicts.append("diverged")


def _learning(run: TrainingRun) -> list[str]:
    return [*(name for one in run.live.members for name in one.parameters), *run.live.unclaimed]


def _keep(run: TrainingRun) -> None:
    started = time.perf_counter()
    name = checkpoints.save(run.live, run.folder, run.step, run.live.request.keep)
    run.log.write(Checkpoint(run.step, name))
    run.costs["checkpoints"] = run.costs.get("checkpoints", 0.0) + time.perf_counter() - started


@contextlib.contextmanager
def _ending(run: TrainingRun) -> Iterator[None]:
    """Write how the training ended, whatever ends it."""
    started = time.perf_counter()
    try:
        yield
    except WorkerLost as error:
        _end(run, "failed", str(error))
        raise WorkerLost(f"{error}. What ran until then is kept in {run.folder}") from error
    except Exception as error:  # whatever ended the training, its log says so
        _end(run, "failed", str(error))
        raise
    run.costs["wall"] = time.perf_counter() - started
    _end(run, "done")


def _end(run: TrainingRun, status: str, why: str = "") -> None:
    verdict = "failed" if status == "failed" else _verdict(run)
    run.log.write(End(run.step, status, verdict, why or _sentence(run, verdict), dict(run.costs)))  # type: ignore[arg-type]


def _verdict(run: TrainingRun) -> str:
    if "diverged" in run.verdicts:
        return "diverged"
    if run.suspect:
        return "inconclusive"
    return "aligned" if "aligned" in run.verdicts else "inconclusive"


def _sentence(run: TrainingRun, verdict: str) -> str:
    wrong, judged = run.verdicts.count("diverged"), len(run.verdicts)
    free = f" {'. '.join(run.free)}." if run.free else ""
    if verdict == "diverged":
        return f"{wrong} of {judged} checks diverged in {run.step} steps.{free}"
    if run.suspect:
        return f"Every forced step aligned, yet the port's own run is suspect.{free}"
    if verdict == "inconclusive":
        return f"No forced step was decided in {run.step} steps{_tensors(run)}.{free}"
    silent = run.verdicts.count("inconclusive")
    if silent:
        known = f"{judged - silent} of {judged} forced steps aligned, the others are inconclusive"
        return f"{known}{_tensors(run)}.{free}"
    return f"All {judged} forced steps of {run.step} steps aligned.{free}"


def _tensors(run: TrainingRun) -> str:
    return f"; {run.decided} of {run.judged} tensors were decided" if run.judged else ""
