"""The times of the layers of both sides, in turns."""

from __future__ import annotations

import contextlib
import time
from statistics import median

from harness.answers import LayersTimed
from harness.bench.layers import PASSES, LayerTable, layer_rows, totals
from harness.bench.result import Contestant
from harness.case import SIDES
from harness.flows.bench_subject import Subject
from harness.flows.timed_worker import TimedWorker
from harness.progress import Progress

_FEWEST, _MOST = 3, 40
_BLOCK_SECONDS = 0.25


def layer_table(subject: Subject, seconds: float, progress: Progress) -> LayerTable:
    """Passes with and without a watch on the layers, side by side, for so many seconds."""
    with contextlib.ExitStack() as stack:
        workers = {side: stack.enter_context(subject.worker(Contestant(side), 98)) for side in SIDES}
        for side, worker in workers.items():
            progress.event(side, "state", text="timing its layers")
            subject.build(worker)
            worker.start(subject.inputs, "")
            worker.time_layers()  # may compile: layers that are computed one by one are other operators
            worker.time_layers()
            worker.warm_up(seconds)
        passes, bare = _in_turns(workers, seconds)
    rows = layer_rows(passes)
    whole = {
        side: {part: median(taken) for part, taken in parts.items() if part in PASSES}
        for side, parts in bare.items()
    }
    count = len(next(iter(passes.values())))
    case = subject.case
    return LayerTable(case.mode, subject.batch, case.size, count, rows, totals(rows, whole))


def _in_turns(
    workers: dict[str, TimedWorker], seconds: float
) -> tuple[dict[str, list[LayersTimed]], dict[str, dict[str, list[float]]]]:
    passes: dict[str, list[LayersTimed]] = {side: [] for side in workers}
    bare: dict[str, dict[str, list[float]]] = {side: {} for side in workers}
    began, count = time.monotonic(), 0
    while count < _FEWEST or (count < _MOST and time.monotonic() - began < seconds):
        for side in list(workers) if count % 2 == 0 else list(workers)[::-1]:
            passes[side].append(workers[side].time_layers())
            for part, taken in workers[side].time_block(_BLOCK_SECONDS).seconds.items():
                bare[side].setdefault(part, []).extend(taken)
        count += 1
    return passes, bare
