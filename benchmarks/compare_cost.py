"""What recording and judging every layer costs, in place and alone, against the two bare forward passes.

    python -m benchmarks.compare_cost [--model l2sknet] [--variant V] [--sizes 256x256,512x512] [--out FILE]

Each side runs bare and recorded in turn, in one process each, after a warm-up. Processor time decides,
medians count. What the system takes to supply the memory for a trace varies, so that is a figure of its own,
and counts. Start-up and the float64 run are not part of it: `align compare` itself shows them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

from harness import comparing, pairs
from harness.answers import Cost, Times
from harness.case import Case
from harness.environment.interpreters import interpreter
from harness.flows import float64_cache, inputs_and_weights
from harness.flows.side_run import SideRun
from harness.pairs.base import Pair
from harness.progress import Silent
from harness.requests import MeasureIsolated, MeasureTruth, RunIsolated
from harness.scratch import Scratch, scratch
from harness.session import Worker
from harness.trace import Trace
from harness.trace_header import TraceHeader
from harness.verdict import NoisePolicy

SIDES = ("torch", "jittor")


def side_costs(
    worker: Worker, case: Case, room: Scratch, state: Path | None, reference: Path | None, repeat: int
) -> tuple[dict[str, Any], Path, Path]:
    """Seconds of processor time and the peak of memory, bare and recorded in turn."""
    drive = SideRun(worker, case, "all", Silent(), threading.Lock())
    table = drive.build()
    if state is None:
        drawn = inputs_and_weights.draw_state(pairs.find(case.pair), case.seed, table)
        state = inputs_and_weights.write(room.folder / "state.h5", "state", drawn)
    inputs = room.folder / "inputs.h5"
    place = partial(room.place, f"{worker.side}.h5")
    trace = drive.record(inputs, state, place, TraceHeader(side=worker.side)).trace
    rows: dict[str, list[Times]] = {"bare": [], "room": [], "recorded": []}
    local: list[float] = []
    for _ in range(repeat):
        rows["bare"].append(drive.run_once(inputs, observe=False).cost)
        trace.unlink()
        answer = drive.run_once(inputs, trace=trace, header=TraceHeader(side=worker.side))
        rows["recorded"].append(answer.cost)
        rows["room"].append(answer.room or Times(0, 0))
        if reference is not None:
            local.append(_alone(worker, case, inputs, reference).cpu)
    if worker.side == "torch":
        for request, name in ((MeasureTruth, "truth.h5"), (MeasureIsolated, "local-truth.h5")):
            path = str(trace.with_name(name))
            worker.call(
                request(
                    inputs=str(inputs),
                    mode=case.mode,
                    reference=str(trace),
                    path=path,
                    scratch=str(room.folder),
                    samples=float64_cache.SAMPLES,
                )
            )
    found = {kind: statistics.median(cost.cpu for cost in costs) for kind, costs in rows.items()}
    if local:
        found["isolated"] = statistics.median(local)
    peaks = {
        kind: statistics.median(cost.peak_bytes for cost in rows[kind] if isinstance(cost, Cost))
        for kind in ("bare", "recorded")
    }
    return {"cpu": found, "peak_bytes": peaks, "python": str(interpreter(worker.side).name)}, state, trace


def _alone(worker: Worker, case: Case, inputs: Path, reference: Path) -> Times:
    """Run each layer alone on what the reference recorded."""
    trace = reference.with_name("alone.h5")
    trace.unlink(missing_ok=True)
    with Trace.open(reference) as recorded:
        addresses = list(recorded.records)
    return worker.call(RunIsolated(str(inputs), case.mode, str(reference), addresses, str(trace)))


def measure(pair: Pair, variant: str, size: tuple[int, int], repeat: int) -> dict[str, Any]:
    """The whole cost at one size."""
    case = Case(pair.name, variant, size=size)
    found: dict[str, Any] = {"variant": variant, "size": list(size), "repeat": repeat}
    state: Path | None = None
    traces: dict[str, Path] = {}
    with scratch() as room:
        inputs_and_weights.write(room.folder / "inputs.h5", "input", pair.draw_inputs(case.request(pair)))
        for side in SIDES:
            with Worker(side, "cpu", room.folder, room.folder / f"{side}.log") as worker:
                found[side], state, traces[side] = side_costs(
                    worker, case, room, state, traces.get("torch"), repeat
                )
        truth, alone, local_truth = (
            traces["torch"].with_name(f"{name}.h5") for name in ("truth", "alone", "local-truth")
        )
        judging: list[float] = []
        judging_local: list[float] = []
        for _ in range(repeat):
            started = time.process_time()
            with contextlib.ExitStack() as stack:
                opened = [stack.enter_context(Trace.open(path)) for path in (*traces.values(), truth)]
                alignment = comparing.compare(*opened)
                judging.append(time.process_time() - started)
                forced = [stack.enter_context(Trace.open(path)) for path in (alone, local_truth)]
                comparing.add_isolated(alignment, opened[0], *forced, NoisePolicy())
            judging_local.append(time.process_time() - started - judging[-1])
        found["tensors"] = sum(record.alias is None for record in opened[0].records.values())
        found["trace_bytes"] = traces["torch"].stat().st_size
    bare = sum(found[side]["cpu"]["bare"] for side in SIDES)
    recorded = sum(found[side]["cpu"][step] for side in SIDES for step in ("room", "recorded"))
    found.update(judge=statistics.median(judging), rows=len(alignment.rows))
    found["ratio"] = (recorded + found["judge"]) / bare
    found["judge_local"] = statistics.median(judging_local)
    local = found["jittor"]["cpu"]["isolated"] + found["judge_local"]
    found["ratio_with_local"] = (recorded + found["judge"] + local) / bare
    return found


def main() -> None:
    """Measure each size and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare_cost")
    parser.add_argument("--model", default="l2sknet")
    parser.add_argument("--variant", default=None)
    parser.add_argument("--sizes", default="256x256,512x512")
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    pair = pairs.find(options.model)
    variant = pair.variant(options.variant).name
    results = []
    for text in options.sizes.split(","):
        height, _, width = text.partition("x")
        results.append(measure(pair, variant, (int(height), int(width)), options.repeat))
        print(json.dumps(results[-1], indent=1), flush=True)
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
