"""`align selftest`: mistakes planted into a sound port one by one, each compared, located, explained."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness import comparing, selftest
from harness.alignment import Alignment
from harness.diagnose import Cause
from harness.errors import BadInput, HarnessError
from harness.pairs.base import Mode
from harness.progress import Progress
from harness.runs import alone, causes, explain
from harness.runs.drive import Drive
from harness.runs.request import CompareRequest
from harness.selftest import Mistake, Outcome, Score
from harness.selftest._score import judge
from harness.session import scratch_folder
from harness.trace import Trace

if TYPE_CHECKING:
    from harness.runs.compare import Work

MODES: tuple[Mode, ...] = ("eval", "train")


@dataclasses.dataclass
class Result:
    """The score, every mistake's row, the alarms over correct ports, and the seconds it took."""

    score: Score
    rows: list[Outcome]
    alarms: list[str]
    seconds: float


def run(request: CompareRequest, count: int | None, seeds: int, progress: Progress) -> Result:
    """Plant a sample of mistakes, or all of them, into the port that a request names."""
    from harness.runs.compare import compare

    started = time.perf_counter()
    rows: list[Outcome] = []
    alarms: list[str] = []
    chosen: list[Mistake] | None = None

    def after(work: Work, alignment: Alignment, inputs: Path) -> None:
        nonlocal chosen
        if chosen is None:
            chosen = _chosen(work, count, request.seed)
        mine = [
            mistake for mistake in chosen if mistake.mode == work.case.mode and work.case.seed == request.seed
        ]
        rows.extend(_try(work, mistake, inputs, progress) for mistake in mine)

    ran = 0
    for mode in MODES:
        for seed in range(request.seed, request.seed + seeds):
            with scratch_folder() as folder:
                this = dataclasses.replace(
                    request, mode=mode, seed=seed, local="always", keep="none", output=Path(folder) / "run"
                )
                alignment = compare(this, progress, after)
            ran += 1
            if alignment.verdict != "aligned":
                alarms.append(f"{mode}, seed {seed}: {alignment.sentence}")
    return Result(selftest.score(rows, len(alarms), ran), rows, alarms, time.perf_counter() - started)


def _chosen(work: Work, count: int | None, seed: int) -> list[Mistake]:
    told = work.recorded["jittor"].description
    keys = frozenset(row[0] for row in told["state"])
    chosen = selftest.sample(told["layers"], keys, count, seed)
    if not chosen:
        raise BadInput("there is no place in this port where a mistake of the catalogue applies")
    return chosen


def _try(work: Work, mistake: Mistake, inputs: Path, progress: Progress) -> Outcome:
    progress.event("jittor", "state", text=f"planting: {mistake.kind} in {mistake.path}")
    try:
        return _compared(work, mistake, inputs)
    except BadInput as error:
        return Outcome(mistake, False, False, False, ran=False, said=str(error))
    except HarnessError as error:
        return Outcome(mistake, False, False, False, ran=False, said=str(error)[:300])


def _compared(work: Work, mistake: Mistake, inputs: Path) -> Outcome:
    """Plant, run, compare, run each layer alone, and explain the first source."""
    worker = work.workers["jittor"]
    worker.call("build", pair=work.case.pair, variant=work.case.variant)
    worker.call("load", state=str(work.state.result()))
    planted = worker.call("plant", kind=mistake.kind, path=mistake.path, attributes=mistake.attributes)
    if not planted["changed"]:
        return Outcome(mistake, False, False, False, ran=False, said="it changes nothing here")
    trace, forced = work.scratch / "planted.h5", work.scratch / "alone.h5"
    for path in (trace, forced):
        path.unlink(missing_ok=True)
    drive = Drive(worker, work.case, work.request.layers, work.progress, work.quiet)
    drive.run_once(inputs, trace=str(trace), header={**work.header, "side": "jittor"})
    alignment = _judged(work, trace, inputs, forced)
    if not alignment.sources:
        return judge(mistake, alignment.verdict == "diverged", [], "", False)
    cause = _cause(work, alignment, inputs)
    return judge(mistake, alignment.verdict == "diverged", alignment.sources, cause.sentence, cause.found)


def _judged(work: Work, trace: Path, inputs: Path, forced: Path) -> Alignment:
    from harness.runs.compare import truth_path

    with (
        Trace.open(work.recorded["torch"].trace) as reference,
        Trace.open(trace) as port,
        _opened(work.truth) as truth,
        _opened(truth_path(work, alone.METHOD)) as local,
    ):
        overrides = work.pair.overrides(work.pair.variant(work.case.variant), work.case.mode)
        alignment = comparing.compare(
            reference, port, truth, work.request.policy, overrides, names=("torch", "jittor")
        )
        alone.run_port(work, inputs, forced, comparing.paired_addresses(alignment))
        with Trace.open(forced) as found:
            comparing.add_local(alignment, reference, found, local, work.request.policy)
    return alignment


def _opened(path: Path | None) -> Trace:
    if path is None:
        raise BadInput("a self-test needs the float64 truth: leave --dtype at float32")
    return Trace.open(path)


def _cause(work: Work, alignment: Alignment, inputs: Path) -> Cause:
    with causes.bench_of(work, inputs) as bench:
        return explain.explain(bench, alignment, alignment.sources[0])


def by_kind(rows: Sequence[Outcome]) -> dict[str, dict[str, int]]:
    """Counts per kind of mistake."""
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        counts = found.setdefault(
            row.mistake.kind, dict.fromkeys(("planted", "detected", "located", "named"), 0)
        )
        if row.ran:
            for name in counts:
                counts[name] += int(name == "planted" or bool(getattr(row, name)))
    return found
