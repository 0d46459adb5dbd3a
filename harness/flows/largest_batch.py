"""The largest batch of a side whose peak of memory stays below a limit."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from harness.background import repeating
from harness.bench.result import Contestant, LargestBatch
from harness.case import Case
from harness.errors import BadInput, WorkerLost
from harness.flows import inputs_and_weights
from harness.flows.timed_worker import TimedWorker
from harness.host_memory import resident_bytes
from harness.pairs.base import Pair
from harness.progress import Progress
from harness.scratch import scratch
from harness.session import ModelFailed

_POLL_SECONDS = 0.02
_MOST = 1 << 16
_FIRST_OF = 16
"""The smallest batch that a pair can draw is looked for up to here: some cannot train on one sample."""


@dataclass(frozen=True)
class Attempt:
    """The peak of memory in one call with a batch, or why it does not fit."""

    peak: int
    why: str = ""


def largest_batch(
    pair: Pair, case: Case, side: str, limit: int, timeout: float, progress: Progress
) -> LargestBatch:
    """The largest batch of a side that fits; each is tried in a process of its own."""

    def attempt(batch: int) -> Attempt:
        progress.event(side, "state", text=f"trying a batch of {batch} within {limit >> 20} MiB")
        return _attempt(pair, replace(case, batch=batch), side, limit, timeout)

    fits, peak, refused, why = search(attempt, _smallest(pair, case))
    return LargestBatch(side, case.mode, limit, fits, peak, refused, why)


def search(attempt: Callable[[int], Attempt], first: int) -> tuple[int, int, int, str]:
    """Double the batch until it does not fit, then halve in on the largest that does.

    What is found: the largest that fits (0 if none) and its peak, the smallest that does not (0 if none was
    found) and why.
    """
    fits, peak, refused, why, batch = 0, 0, 0, "larger ones were not tried", first
    while batch <= _MOST:
        found = attempt(batch)
        if found.why:
            refused, why = batch, found.why
        else:
            fits, peak = batch, found.peak
        batch = (fits + refused) // 2 if refused else 2 * fits
        if batch <= fits or batch < first:
            break
    return fits, peak, refused, why


def _smallest(pair: Pair, case: Case) -> int:
    for batch in range(1, _FIRST_OF):
        with contextlib.suppress(BadInput):
            pair.inputs(case.on(batch=batch).request(pair))
            return batch
    pair.inputs(case.on(batch=_FIRST_OF).request(pair))
    return _FIRST_OF


def _attempt(pair: Pair, case: Case, side: str, limit: int, timeout: float) -> Attempt:
    with scratch() as place:
        inputs = inputs_and_weights.write(
            place.folder / "inputs.h5", "input", pair.inputs(case.request(pair))
        )
        try:
            with TimedWorker(Contestant(side), case, place.folder, timeout, 0) as worker:
                worker.build(pair, place.folder / "state.h5")
                with _held_below(worker, limit):
                    worker.start(inputs, "")
                    peak = worker.memory().peak or 0
        except ModelFailed as error:
            if "memory" not in str(error).lower():  # a model that fails for another reason fits nowhere
                raise
            return Attempt(0, "the framework found no more memory")
        except WorkerLost as error:
            return Attempt(0, str(error).partition(". ")[0])
    return Attempt(peak) if peak <= limit else Attempt(0, f"its peak is {peak >> 20} MiB")


@contextlib.contextmanager
def _held_below(worker: TimedWorker, limit: int) -> Iterator[None]:
    """Stop a worker as soon as it holds much more than the limit, before the machine suffers."""
    most = worker.before + limit + limit // 4  # what a call needs is measured; this only protects the machine

    def is_stopped() -> bool:
        held = resident_bytes(worker.worker.pid)
        if held > most:
            more = (held - worker.before) >> 20
            worker.worker.stop(f"it took more than {more} MiB, above the limit of {limit >> 20} MiB")
        return held > most

    with repeating(is_stopped, _POLL_SECONDS):
        yield
