"""Which runs one side takes: of a case that is known, none that only tells what recording costs."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.answers import Cost, RunDone
from harness.case import Case
from harness.flows.side_run import SideRun
from harness.progress import Silent
from harness.requests import Run
from harness.session import Worker
from harness.trace_header import TraceHeader


class Counted:
    """A worker that only counts what it is asked for."""

    side = "torch"
    device = "cpu"

    def __init__(self) -> None:
        self.runs: list[Run] = []

    def ready(self) -> Any:
        return SimpleNamespace(compiled=0)

    def place(self) -> Any:
        return SimpleNamespace(layer="", calls=0)

    identity = core = None

    def call(self, request: Any) -> Any:
        if isinstance(request, Run):
            self.runs.append(request)
            return RunDone(Cost(0.0, 0.0, 0), 0)
        return None


@pytest.mark.parametrize(("known", "bare"), [(False, 2), (True, 0)])
def test_a_known_case_is_rehearsed_and_recorded_only(known: bool, bare: int, tmp_path: Path) -> None:
    worker = Counted()
    run = SideRun(cast(Worker, worker), Case("x", "y"), "all", Silent(), threading.Lock(), known=known)
    run.description = cast(Any, None)
    inputs, state, trace = (tmp_path / name for name in ("in.h5", "state.h5", "trace.h5"))
    recorded = run.record(inputs, state, lambda size: trace, TraceHeader())
    assert [one.observe for one in worker.runs].count(False) == bare
    assert [one.trace is not None for one in worker.runs] == [False] * (1 + bare) + [True]
    assert (recorded.costs.bare is None) is known
