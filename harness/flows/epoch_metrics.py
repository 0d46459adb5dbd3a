"""The metrics of both sides on the validation split, after an epoch."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from harness.case import SIDES
from harness.flows.lockstep import Lockstep
from harness.flows.together import together
from harness.pairs.base import Arrays
from harness.requests import EvaluateBatch
from harness.trace import Trace
from harness.training.metrics import SplitMetrics
from harness.training.records import Epoch


def epoch_metrics(live: Lockstep, epoch: int, step: int) -> Epoch | None:
    """Both sides' metrics with the weights that they have now, averaged ones where the recipe keeps such."""
    if live.validation is None:
        return None
    started = time.perf_counter()
    averaged = live.plan.recipe.ema is not None
    variant = live.pair.variant(live.case.variant)
    found = {side: SplitMetrics(live.pair, variant, side) for side in SIDES}
    for batch in live.validation.epoch(0):
        files = {side: live.scratch.file(f"evaluated-{side}.h5") for side in SIDES}

        def evaluate(side: str, path: str = str(batch.path), files: dict[str, Path] = files) -> Arrays:
            live.progress.event(side, "state", text=f"epoch {epoch + 1}, validation")
            live.workers[side].call(EvaluateBatch(path, str(files[side]), averaged))
            return outputs_in(files[side])

        for side, outputs in together(live.workers, SIDES, evaluate).items():
            found[side].add(outputs, batch.arrays)
    metrics = {side: found[side].figures() for side in SIDES}
    samples = {side: found[side].samples for side in SIDES}
    return Epoch(epoch, step, "val", metrics, samples, averaged, time.perf_counter() - started)


def outputs_in(path: Path) -> Arrays:
    """The outputs that a side has written, by name."""
    with Trace.open(path) as stored:
        return {name.partition(":")[2]: np.array(stored.array(name)) for name in stored.records}
