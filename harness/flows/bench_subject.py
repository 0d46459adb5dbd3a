"""What all rows of one case share: inputs, the weights drawn for the reference, and its float64 outputs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.answers import Identity
from harness.bench.result import Contestant
from harness.case import REFERENCE, Case
from harness.flows import inputs_and_weights
from harness.flows.timed_worker import TimedWorker
from harness.pairs.base import Pair
from harness.scratch import scratch


@dataclass(frozen=True)
class Subject:
    """A case with its files. `truth` is None in a training, whose outputs are not compared."""

    pair: Pair
    case: Case
    folder: Path
    inputs: Path
    batch: int
    state: Path
    truth: Path | None
    timeout: float
    meet: Callable[[Identity], None]
    """Hears of every worker before it does anything."""

    def worker(self, contestant: Contestant, number: int) -> TimedWorker:
        """A fresh process for a contestant."""
        return TimedWorker(contestant, self.case, self.folder, self.timeout, number)

    def build(self, worker: TimedWorker) -> None:
        """Make the model with the weights that all share."""
        self.meet(worker.identity())
        worker.build(self.pair, self.state)

    def outputs_of(self, contestant: Contestant) -> Path:
        """Where the outputs of a contestant lie."""
        return self.folder / f"{contestant.label.replace(' ', '')}.h5"


@contextlib.contextmanager
def subject(pair: Pair, case: Case, timeout: float, meet: Callable[[Identity], None]) -> Iterator[Subject]:
    """Draw inputs and weights, and run the reference in float64 where outputs are compared."""
    with scratch() as place:
        arrays = pair.inputs(case.request(pair))
        folder, truth = place.folder, None if case.trains else place.folder / "truth.h5"
        inputs = inputs_and_weights.write(folder / "inputs.h5", "input", arrays)
        batch = next(iter(arrays.values())).shape[0]
        made = Subject(pair, case, folder, inputs, batch, folder / "state.h5", truth, timeout, meet)
        with made.worker(Contestant(REFERENCE), -1) as worker:
            made.build(worker)
            if truth is not None:
                worker.start(inputs, str(truth), dtype="float64")
        yield made
