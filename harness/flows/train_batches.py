"""The batches of a training, from any of its steps on."""

from __future__ import annotations

from collections.abc import Iterator

from harness.flows.lockstep import Lockstep
from harness.training.stream import Batch


def batches(live: Lockstep, first: int, stop: int | None = None) -> Iterator[Batch]:
    """Those from step `first` on, to the end of the training or up to the step `stop`."""
    epoch, place = live.plan.length.place(first)
    left = (live.plan.stop if stop is None else stop) - first
    while left > 0:
        for batch in live.stream.epoch(epoch, place):
            yield batch
            left -= 1
            if left == 0:
                return
        epoch, place = epoch + 1, 0
