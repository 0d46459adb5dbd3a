"""`align selftest`: mistakes planted into a sound port one by one, each compared, located, explained."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness import comparing, pairs, selftest
from harness.alignment import Alignment
from harness.deviation import Deviation
from harness.diagnose import Cause
from harness.errors import BadInput, HarnessError, WorkerLost
from harness.pairs.base import Mode
from harness.progress import Progress
from harness.flows import alone, causes, explain, steps, together
from harness.flows.side_run import Drive
from harness.flows.request import CompareRequest
from harness.scratch import scratch_folder
from harness.selftest import Mistake, Outcome, Score
from harness.selftest._score import judge
from harness.trace import Trace
from harness.verdict import override_for

if TYPE_CHECKING:
    from harness.flows.compare import Work

MODES: tuple[Mode, ...] = ("eval", "train")


@dataclasses.dataclass
class Result:
    """The score, every mistake's row, the alarms over correct ports, and the seconds it took."""

    score: Score
    rows: list[Outcome]
    alarms: list[str]
    seconds: float
    versions: dict[str, Any] = dataclasses.field(default_factory=dict)


def run(
    request: CompareRequest,
    count: int | None,
    seeds: int,
    progress: Progress,
    tell: Callable[[Outcome], None] = lambda row: None,
    most_seconds: float = math.inf,
) -> Result:
    """Plant a sample of mistakes, or all of them, into the port that a request names.

    `tell` is given each row as soon as it is known. After `most_seconds` no more mistakes are planted.
    """
    from harness.flows.compare import compare

    started = time.perf_counter()
    request.case(pairs.find(request.model))  # refused, if it is to be, before anything runs
    rows: list[Outcome] = []
    alarms: list[str] = []
    chosen: list[Mistake] = []
    ran = 0
    versions: dict[str, Any] = {}

    def after(work: Work, alignment: Alignment, inputs: Path) -> None:
        nonlocal ran
        if alignment.verdict == "failed":
            raise WorkerLost(f"the sound port could not be compared: {alignment.sentence}")
        if work.case.mode == "train":
            sound = steps.compare_steps(work)
            ran += 1
            if sound.verdict != "aligned":
                alarms.append(f"optimiser, seed {work.case.seed}: {sound.sentence}")
        if work.case.seed != request.seed:
            return
        if work.case.mode == MODES[0]:
            chosen.extend(_chosen(work, count, request.seed))
        mine = [mistake for mistake in chosen if mistake.mode == work.case.mode]
        for place, mistake in enumerate(mine, 1):
            text = f"{place} of {len(mine)} in mode {mistake.mode}: {mistake.kind} in {mistake.path}"
            progress.event("jittor", "state", text=text)
            rows.append(_try(work, mistake, inputs))
            tell(rows[-1])
            if time.perf_counter() - started > most_seconds * (MODES.index(work.case.mode) + 1) / len(MODES):
                break

    with together.lend_workers(request.device, request.timeout) as workers:
        for mode in MODES:
            for seed in range(request.seed, request.seed + seeds):
                with scratch_folder() as folder:
                    this = dataclasses.replace(
                        request, mode=mode, seed=seed, local="always", keep="none", output=folder / "run"
                    )
                    alignment = compare(this, progress, after, workers)
                ran += 1
                versions = {name: side.versions for name, side in alignment.sides.items()}
                if alignment.verdict != "aligned":
                    alarms.append(f"{mode}, seed {seed}: {alignment.sentence}")
    score = selftest.score(rows, len(alarms), ran)
    return Result(score, rows, alarms, time.perf_counter() - started, versions)


def _chosen(work: Work, count: int | None, seed: int) -> list[Mistake]:
    told = work.recorded["jittor"].description
    with Trace.open(work.recorded["jittor"].trace) as trace:
        layers = {**trace.notes["layers"]}
    keys = frozenset(row[0] for row in told["state"])
    learning = [row[0] for row in told["state"] if row[3] and not _is_zero_in_theory(work, row[0])]
    more = selftest.optimiser_mistakes(work.pair.recipe, learning)
    chosen = selftest.sample(layers, keys, count, seed, more)
    if not chosen:
        raise BadInput("there is no place in this port where a mistake of the catalogue applies")
    return chosen


def _is_zero_in_theory(work: Work, parameter: str) -> bool:
    """Whether the pair says that this gradient is noise: to lose it is no mistake that could be seen."""
    overrides = work.pair.overrides(work.pair.variant(work.case.variant), "train")
    return override_for(f"grad:{parameter}", overrides) is not None


def _try(work: Work, mistake: Mistake, inputs: Path) -> Outcome:
    frozen = mistake.kind.removesuffix(" frozen")
    if frozen != mistake.kind and _is_zero_in_theory(work, f"{mistake.path}.{frozen}"):
        return _not_run(mistake, "this gradient is zero in theory")
    try:
        return _stepped(work, mistake) if mistake.group == "optimiser" else _compared(work, mistake, inputs)
    except HarnessError as error:
        return _not_run(mistake, str(error)[:300])


def _not_run(mistake: Mistake, why: str) -> Outcome:
    return Outcome(mistake, False, False, False, ran=False, said=why)


def _stepped(work: Work, mistake: Mistake) -> Outcome:
    """Let the port's optimiser step in a wrong way."""
    work.workers["jittor"].call("build", pair=work.case.pair, variant=work.case.variant)
    alignment = steps.compare_steps(work, Deviation(**mistake.attributes))
    sources, cause = steps.explain_steps(work, alignment)
    return judge(mistake, alignment.verdict == "diverged", sources, cause.sentence, cause.found)


def _compared(work: Work, mistake: Mistake, inputs: Path) -> Outcome:
    """Plant, run, compare, run each layer alone, and explain the first source."""
    worker = work.workers["jittor"]
    worker.call("build", pair=work.case.pair, variant=work.case.variant)
    worker.call("load", state=str(work.state.result()))
    planted = worker.call("plant", kind=mistake.kind, path=mistake.path, attributes=mistake.attributes)
    if not planted["changed"]:
        return _not_run(mistake, "it changes nothing here")
    trace = work.forced.with_name("planted.h5")
    for path in (trace, work.forced):
        path.unlink(missing_ok=True)
    drive = Drive(worker, work.case, work.request.layers, work.progress, work.quiet)
    drive.run_once(inputs, trace=str(trace), header={**work.header, "side": "jittor"})
    if not worker.call("planted")["effect"]:
        return _not_run(mistake, "it changes nothing here")
    alignment = _judged(work, trace, inputs)
    if alignment.verdict == "aligned" and _same(work.recorded["jittor"].trace, trace):
        return _not_run(mistake, "nothing that is recorded in this mode depends on it")
    if not alignment.sources:
        return judge(mistake, alignment.verdict == "diverged", [], "", False)
    cause = _cause(work, alignment, inputs)
    return judge(mistake, alignment.verdict == "diverged", alignment.sources, cause.sentence, cause.found)


def _judged(work: Work, trace: Path, inputs: Path) -> Alignment:
    from harness.flows.compare import truth_path

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
        alone.run_port(work, inputs, work.forced, comparing.paired_addresses(alignment))
        with Trace.open(work.forced) as found:
            comparing.add_local(alignment, reference, found, local, work.request.policy)
    return alignment


def _same(sound: Path, planted: Path) -> bool:
    """Whether two runs recorded the same bits."""
    with Trace.open(sound) as ours, Trace.open(planted) as its:
        if ours.records.keys() != its.records.keys():
            return False
        return all(
            np.array_equal(np.asarray(ours.array(address)), np.asarray(its.array(address)), equal_nan=True)
            for address, record in ours.records.items()
            if record.alias is None
        )


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
