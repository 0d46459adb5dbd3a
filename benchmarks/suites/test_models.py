"""The four models, both sides and modes, under pytest-benchmark: its tables, its --benchmark-compare.

    ./run pytest benchmarks/suites --benchmark-json out.json [-k l2sknet]

A call runs in a worker, as `align bench` has it, and is timed there: the timer that pytest-benchmark reads is
the sum of what the worker says. `align bench` measures both sides in turns and gives a verdict; here each
side is measured by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.speed_tables import MODES, PLAN, Asked
from harness.answers import Identity
from harness.bench.result import Contestant
from harness.case import SIDES, Case
from harness.flows.bench_subject import subject
from harness.pairs import find
from harness.pairs.base import Mode

_TIMEOUT, _WARM_UP, _ROUNDS = 300.0, 5.0, 15


class WorkerClock:
    """A clock that stands still, but for what a worker has measured."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """The time by this clock."""
        return self.seconds


CLOCK = WorkerClock()


def _met(identity: Identity) -> None:
    """Every worker will do."""


@pytest.fixture
def call(asked: Asked, mode: Mode, side: str) -> Iterator[Callable[[], None]]:
    """One call of a model in a fresh worker, warm."""
    case = Case(asked.model, asked.variant, mode=mode, batch=asked.batches[0], size=asked.size)
    with subject(find(asked.model), case, _TIMEOUT, _met) as one, one.worker(Contestant(side), 0) as worker:
        one.build(worker)
        worker.start(one.inputs, "")
        worker.warm_up(_WARM_UP)

        def timed() -> None:
            CLOCK.seconds += worker.time_block(0.0).whole[-1]

        yield timed


@pytest.mark.benchmark(timer=CLOCK)
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("asked", PLAN, ids=lambda asked: asked.model)
def test_speed(
    benchmark: BenchmarkFixture, call: Callable[[], None], asked: Asked, mode: Mode, side: str
) -> None:
    """The seconds of one call."""
    benchmark.group = f"{asked.model} {asked.variant}, {mode}, {asked.size[0]}x{asked.size[1]}"
    began = CLOCK.seconds
    benchmark.pedantic(call, rounds=_ROUNDS, iterations=1)
    assert CLOCK.seconds > began  # also where pytest-benchmark measures nothing itself, as under xdist
