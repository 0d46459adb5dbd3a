"""Recording streams: it adds less than twice the largest layer to what the bare run takes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import pairs
from harness.case import Case
from harness.flows import inputs_and_weights
from harness.flows.side_run import SideRun
from harness.huge_pages import SHARED_MEMORY
from harness.progress import Silent
from harness.scratch import scratch_folder
from harness.session import Worker
from harness.trace import Trace
from harness.trace_header import TraceHeader
from tests.selection import others_slow

CASE = Case("l2sknet", "L2SKNet_UNet", size=(256, 256))
GIVEN_BACK = {  # what is freed is given back at once; else pages kept from earlier runs hide what is used
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_TRIM_THRESHOLD_": "65536",
    "use_sfrl_allocator": "0",  # Jittor's own pool
}


def peaks(drive: SideRun, inputs: Path, trace: Path) -> tuple[int, int]:
    """How far a bare and a recorded run rise above what was resident before."""
    bare = drive.run_once(inputs, observe=False).cost
    recorded = drive.run_once(inputs, trace=trace).cost
    return bare.peak_bytes, recorded.peak_bytes


@pytest.fixture(params=others_slow(["disk", "memory"], "memory"))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Where traces go: in memory they are laid out before they are written."""
    if request.param == "disk":
        yield tmp_path
        return
    if not SHARED_MEMORY.is_dir():
        pytest.skip("this system has no /dev/shm")
    with scratch_folder(SHARED_MEMORY) as folder:
        yield folder


@pytest.mark.parametrize(
    "side",
    [
        pytest.param("torch", marks=pytest.mark.torch),
        pytest.param("jittor", marks=[pytest.mark.jittor, pytest.mark.slow]),
    ],
)
def test_recording_adds_less_than_twice_the_largest_layer(
    side: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, setting in GIVEN_BACK.items():
        monkeypatch.setenv(name, setting)
    pair = pairs.find(CASE.pair)
    inputs = inputs_and_weights.write(tmp_path / "inputs.h5", "input", pair.draw_inputs(CASE.request(pair)))
    with Worker(side, "cpu", tmp_path, tmp_path / "log") as worker:
        drive = SideRun(worker, CASE, "all", Silent(), threading.Lock())
        drawn = inputs_and_weights.draw_state(pair, CASE.seed, drive.build())
        state = inputs_and_weights.write(tmp_path / "state.h5", "state", drawn)
        path = drive.record(inputs, state, lambda _: place / "trace.h5", TraceHeader(side=side)).trace
        bare, recorded = peaks(drive, inputs, place / "again.h5")
    with Trace.open(path) as trace:
        sizes = [record.size * 4 for record in trace.records.values() if record.alias is None]
    assert bare >= max(sizes)
    assert recorded < bare + 2 * max(sizes)
    assert sum(sizes) > 20 * max(sizes)  # holding on to them all would have been seen
