"""Runs from weights moved by their last bit: the reference's twins, and a suspect port once more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness import seeded
from harness.case import PORT, REFERENCE, SIDES
from harness.flows import inputs_and_weights
from harness.flows.forced_steps import forced_step, step_files
from harness.flows.lockstep import Lockstep
from harness.flows.twin_cache import Course
from harness.flows.weight_distance import distance, is_measured, slots_apart
from harness.pairs.base import Arrays
from harness.requests import ReadMemory, TakePass, WriteMemory
from harness.trace import Trace
from harness.training.records import OwnStep, Twin
from harness.training.stream import Batch

LAST_BIT = 2.0**-23
MOST_OWN = 16  # steps of the port that are judged from what it remembered itself


@dataclass(frozen=True)
class Moved:
    """A run of a side that begins with other weights; `reference` are the files to measure distances from."""

    live: Lockstep
    side: str
    number: int
    reference: dict[int, Path]

    def run(self, batches: Iterable[Batch], write: Callable[[Twin], None]) -> None:
        """Take all passes and write the figures of each."""
        self._begin()
        for step, batch in enumerate(batches):
            write(self._step(step, batch))

    def state(self) -> Arrays:
        """The weights that it begins with."""
        with Trace.open(self.live.weights) as stored:
            state = {name.partition(":")[2]: np.array(stored.array(name)) for name in stored.records}
        return moved_by_the_last_bit(state, self.live.request.seed, f"{self.side}/{self.number}")

    def _begin(self) -> None:
        path = inputs_and_weights.write(self.live.scratch.file("moved.h5"), "state", self.state())
        self.live.begin_side(self.side, path)

    def _step(self, step: int, batch: Batch) -> Twin:
        live, kept = self.live, self.reference.get(step)
        values = None if kept is None else live.scratch.file("moved-values.h5")
        late = live.request.planted.lag if self.side == PORT else 0
        request = TakePass(
            str(batch.path), live.uses(step, late), values="" if values is None else str(values)
        )
        done = live.workers[self.side].call(request)
        far = None if kept is None or values is None else distance(values, kept)
        live.progress.event(self.side, "state", text=f"twin {self.number + 1}, step {step + 1}")
        return Twin(self.side, self.number, step, done.step.loss, far)


def moved_by_the_last_bit(state: Arrays, seed: int, name: str) -> Arrays:
    """Every floating entry times 1 + u 2^-23, u between -1 and 1: it stays, or takes its neighbour."""
    moved = {}
    for key, array in state.items():
        moved[key] = array
        if array.dtype.kind == "f":
            u = seeded.generator(seed, f"twin/{name}/{key}").uniform(-1, 1, array.shape)
            moved[key] = (array * (1 + LAST_BIT * u)).astype(array.dtype)
    return moved


def twins(live: Lockstep, reference: dict[int, Path]) -> list[Moved]:
    """The reference's twins that are asked for."""
    return [Moved(live, REFERENCE, number, reference) for number in range(live.request.twins)]


def own_steps(
    live: Lockstep, batches: Iterable[Batch], first: int, last: int, write: Callable[[OwnStep], None]
) -> None:
    """Judge the port's steps from what it remembered itself, with the reference's own noise there.

    A port may leave the twins' band by a kink, as of a ReLU, that lies where its own rounding brings it, and
    not where the twins come by. From there the reference's noise is as large.
    """
    for side in SIDES:
        live.begin_side(side, live.weights)
    files = step_files(live, "-own")
    for step, batch in enumerate(batches):
        if step < first:
            live.take(batch, step)
            continue
        slots = _hand_over(live)
        live.take(batch, step, str(files.memory), str(files.reference))
        forced = forced_step(live, batch, step, files).forced
        write(OwnStep(step, forced.verdict, slots, forced.sentence))
        if step == last:
            return


def _hand_over(live: Lockstep) -> float:
    """Let the reference read the port's memory; how far apart the slots of the two optimisers were."""
    paths = {side: live.scratch.file(f"own-memory-{side}.h5") for side in SIDES}
    for side, path in paths.items():
        path.unlink(missing_ok=True)
        live.workers[side].call(WriteMemory(str(path)))
    live.workers[REFERENCE].call(ReadMemory(str(paths[PORT])))
    return slots_apart(paths[PORT], paths[REFERENCE])


def replay(live: Lockstep, batches: Iterable[Batch]) -> tuple[Course, dict[int, Path]]:
    """Let the reference go its way once more; its course, and its parameters where they are measured.

    A resumed training has no longer seen the steps before it.
    """
    worker, course, values = live.workers[REFERENCE], Course(), {}
    live.begin_side(REFERENCE, live.weights)
    for step, batch in enumerate(batches):
        if is_measured(step, live.plan.stop):
            values[step] = live.values_file(step)
        kept, uses = values.get(step), live.uses(step)
        done = worker.call(TakePass(str(batch.path), uses, values="" if kept is None else str(kept)))
        course.add(batch.path, uses, done.step.loss, kept)
        live.progress.event(REFERENCE, "state", text=f"replayed for the twins, step {step + 1}")
    return course, values
