"""Both sides at work at the same time: the first that fails ends the others, and so does an interruption."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from harness.alignment_rows import ended_for
from harness.case import SIDES
from harness.environment.device import device_for
from harness.scratch import scratch_folder
from harness.session import Worker

T = TypeVar("T")


@contextlib.contextmanager
def lend_workers(device: str, timeout: float) -> Iterator[dict[str, Worker]]:
    """Workers of both sides on a device, which may be `auto`, with a temporary folder of their own."""
    chosen = device_for(device).device
    with scratch_folder() as place, contextlib.ExitStack() as stack:
        yield {
            side: stack.enter_context(Worker(side, chosen, place, place / f"{side}.log", timeout))
            for side in SIDES
        }


def together(workers: Mapping[str, Worker], sides: Iterable[str], task: Callable[[str], T]) -> dict[str, T]:
    """Do a task for several sides at once, each with its worker; what failed first is raised."""
    failures: list[Exception] = []

    def watched(side: str) -> T:
        try:
            return task(side)
        except Exception as error:  # whatever it is, the others work for nothing from now on
            failures.append(error)
            end_others(workers, side)
            raise

    chosen = list(sides)
    with ThreadPoolExecutor(len(chosen)) as pool, _ended_if_interrupted(workers):
        futures = {side: pool.submit(watched, side) for side in chosen}
        wait(futures.values())
    if failures:
        raise failures[0]
    return {side: future.result() for side, future in futures.items()}


def end_others(workers: Mapping[str, Worker], failed: str) -> None:
    """End every worker but that of the side that failed."""
    for side, worker in workers.items():
        if side != failed:
            worker.stop(ended_for(failed))


@contextlib.contextmanager
def _ended_if_interrupted(workers: Mapping[str, Worker]) -> Iterator[None]:
    """What waits for a worker goes on waiting when the run is interrupted, so the workers end first."""
    try:
        yield
    except BaseException:
        for worker in workers.values():
            worker.stop("the run was interrupted")
        raise
