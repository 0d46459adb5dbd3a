"""The largest batch of a side whose peak of memory stays below a limit."""

from __future__ import annotations

import threading
from dataclasses import replace

from harness.bench.result import Contestant, LargestBatch
from harness.case import Case
from harness.errors import BadInput, WorkerLost
from harness.flows import inputs_and_weights
from harness.flows.timed_worker import TimedWorker
from harness.host_memory import resident_bytes
from harness.pairs.base import Pair
from harness.progress import Progress
from harness.scratch import scratch

_POLL_SECONDS = 0.02
_MOST = 1 << 16


def largest_batch(
    pair: Pair, case: Case, side: str, limit: int, timeout: float, progress: Progress
) -> LargestBatch:
    """Try batches of 1, 2, 4 and so on, then between the last that fits and the first that does not."""
    fits, peak, refused, why = 0, 0, 0, "larger ones were not tried"
    batch = 1
    while 0 < batch <= _MOST:
        progress.event(side, "state", text=f"trying a batch of {batch} within {limit >> 20} MiB")
        found, said = _attempt(pair, replace(case, batch=batch), side, limit, timeout)
        if found is not None:
            fits, peak = batch, found
        else:
            refused, why = batch, said
        batch = 2 * fits if not refused else (fits + refused) // 2
        if batch in (fits, refused):
            break
    return LargestBatch(side, case.mode, limit, fits, peak, refused, why)


def _attempt(pair: Pair, case: Case, side: str, limit: int, timeout: float) -> tuple[int | None, str]:
    """The peak of one call, or why there is none below the limit."""
    with scratch() as place:
        try:
            arrays = pair.inputs(case.request(pair))
        except BadInput as error:
            return None, str(error)
        inputs = inputs_and_weights.write(place.folder / "inputs.h5", "input", arrays)
        worker = TimedWorker(Contestant(side), case, place.folder, timeout, 0)
        try:
            with worker:
                worker.build(pair, place.folder / "state.h5")
                with _held_below(worker, limit):
                    worker.start(inputs, "")
                    peak = worker.memory().peak
        except WorkerLost as error:
            return None, str(error).partition(".")[0]
    return (peak, "") if peak <= limit else (None, f"its peak is {peak >> 20} MiB")


class _held_below:
    """Stops a worker as soon as it holds more than the limit, before the machine suffers."""

    def __init__(self, worker: TimedWorker, limit: int) -> None:
        self._worker, self._limit = worker, limit
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        # The limit and some more: what a call needs is measured afterwards, this only protects the machine.
        most = self._worker.before + self._limit + self._limit // 4
        while not self._done.wait(_POLL_SECONDS):
            held = resident_bytes(self._worker.worker.pid)
            if held > most:
                more = (held - self._worker.before) >> 20
                self._worker.worker.stop(
                    f"it took {more} MiB and more, above the limit of {self._limit >> 20} MiB"
                )
                return
