"""An evaluation while it runs: both workers with their weights, and the samples."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness import pairs
from harness.case import PORT, SIDES, Case
from harness.evaluating.samples import SampleBatch, Samples
from harness.flows import inputs_and_weights, refused_early
from harness.flows.epoch_metrics import outputs_in
from harness.flows.evaluate_request import EvaluateRequest
from harness.flows.together import together
from harness.pairs.base import Arrays, Pair, Variant
from harness.progress import Progress
from harness.requests import Build, EvaluateBatch, Load
from harness.scratch import Scratch
from harness.session import Worker
from harness.training.batch_file import write_batch
from harness.training.source import BatchSource, open_source


@dataclass
class Evaluating:
    """Both sides of an evaluation, with workers that are alive."""

    request: EvaluateRequest
    pair: Pair
    case: Case
    scratch: Scratch
    workers: Mapping[str, Worker]
    samples: Samples
    progress: Progress

    @property
    def variant(self) -> Variant:
        """The variant that is evaluated."""
        return self.pair.variant(self.case.variant)

    @property
    def own_weights(self) -> bool:
        """Whether the sides have each their own."""
        return self.request.port_weights is not None

    def build(self) -> None:
        """Make both models with their weights."""

        def build(side: str) -> None:
            self.progress.event(side, "state", text=f"building {self.case.variant}")
            worker = self.workers[side]
            worker.ready()
            table = worker.call(Build(self.case.pair, self.case.variant)).state
            state = inputs_and_weights.state_for(self.pair, self._case_of(side), table)
            path = inputs_and_weights.write(self.scratch.folder / f"state-{side}.h5", "state", state)
            worker.call(Load(str(path)))
            path.unlink()

        together(self.workers, SIDES, build)

    def _case_of(self, side: str) -> Case:
        own = self.request.port_weights
        return self.case.on(weights=own) if side == PORT and own is not None else self.case

    def outputs(self, batch: SampleBatch) -> dict[str, Arrays]:
        """What both sides return for a batch."""
        path = self.write(batch)

        def evaluate(side: str) -> Arrays:
            answer = self.scratch.file(f"outputs-{side}.h5")
            self.workers[side].call(EvaluateBatch(str(path), str(answer)))
            return outputs_in(answer)

        return together(self.workers, SIDES, evaluate)

    def write(self, batch: SampleBatch) -> Path:
        """The file of a batch, which both workers read."""
        return write_batch(self.scratch.file("batch.h5"), batch.arrays)


@contextlib.contextmanager
def evaluating(
    request: EvaluateRequest,
    place: Scratch,
    logs: Path,
    progress: Progress,
    lent: Mapping[str, Worker] | None = None,
    files: BatchSource | None = None,
) -> Iterator[Evaluating]:
    """Open the samples and start the workers; leaving the context ends them. `lent` workers live on.

    `files` are evaluated in the place of a data set.
    """
    pair = pairs.find(request.model)
    case = request.case(pair)
    refused_early.require_modules(pair)
    source = files or open_source(pair, request.data_request(pair), request.batch, request.seed)
    for weights in {request.weights, request.port_weights or request.weights}:
        inputs_and_weights.require_readable(pair, weights)
    if not request.skip_broken and files is None:  # files have been tried
        source.check()
    with contextlib.ExitStack() as stack:
        workers = dict(lent or {}) or {
            side: stack.enter_context(
                Worker(side, case.device, place.folder, logs / f"{side}.log", request.timeout)
            )
            for side in SIDES
        }
        yield Evaluating(request, pair, case, place, workers, Samples(source, request.batch), progress)
