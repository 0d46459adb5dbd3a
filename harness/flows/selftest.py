"""`align selftest`: injects mistakes into a correct port, and compares, locates and explains each."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from harness import comparing, pairs, selftest
from harness.alignment import Alignment
from harness.case import PORT, REFERENCE
from harness.deviation import Deviation
from harness.diagnose import Cause
from harness.errors import BadInput, HarnessError, WorkerLost
from harness.flows import find_causes, optimiser_steps
from harness.flows.compare import Compared, compare_live
from harness.flows.comparison import comparison
from harness.flows.explain import reference_probe
from harness.flows.isolated_layers import isolated_truth_path, run_isolated
from harness.flows.other_formulas import allow_other_formulas
from harness.flows.request import CompareRequest
from harness.flows.side_run import SideRun
from harness.flows.together import lend_workers
from harness.layer_note import read_layer_notes
from harness.pairs.base import Mode
from harness.progress import Progress
from harness.requests import Build, FaultEffect, InjectFault, Load
from harness.scratch import scratch_folder
from harness.selftest import FaultResult, Mistake, Score
from harness.selftest._score import judge_fault
from harness.trace import Trace
from harness.verdict import override_for

MODES: tuple[Mode, ...] = ("eval", "train")
_EXPLAINED, _MOST_SECONDS = 4, 20.0  # how many sources of one mistake, and for how long


@dataclasses.dataclass
class SelftestScore:
    """The score, every mistake's row, the alarms over correct ports, and the seconds it took."""

    score: Score
    rows: list[FaultResult]
    alarms: list[str]
    seconds: float
    versions: dict[str, object] = dataclasses.field(default_factory=dict)


def selftest_pair(
    request: CompareRequest,
    count: int | None,
    seeds: int,
    progress: Progress,
    tell: Callable[[FaultResult], None] = lambda row: None,
    most_seconds: float = math.inf,
) -> SelftestScore:
    """Plant a sample of mistakes, or all of them, into the port that a request names.

    `tell` is given each row as soon as it is known. After `most_seconds` no more mistakes are planted.
    """
    request.case(pairs.find(request.model))  # a wrong request is refused before anything runs
    found = _Selftest(request, count, tell, most_seconds)
    with lend_workers(request.device, request.timeout) as workers:
        for mode in MODES:
            for seed in range(request.seed, request.seed + seeds):
                with scratch_folder() as folder:
                    this = dataclasses.replace(
                        request, mode=mode, seed=seed, isolated="always", keep="none", output=folder / "run"
                    )
                    with comparison(this, progress, workers) as live:
                        found.take(compare_live(live))
    return found.result()


class _Selftest:
    """Collects what the comparisons of a self-test show."""

    def __init__(
        self,
        request: CompareRequest,
        count: int | None,
        tell: Callable[[FaultResult], None],
        most_seconds: float,
    ) -> None:
        self.request, self.count, self.tell, self.most_seconds = request, count, tell, most_seconds
        self.started = time.perf_counter()
        self.rows: list[FaultResult] = []
        self.alarms: list[str] = []
        self.chosen: list[Mistake] = []
        self.sound_comparisons = 0
        self.versions: dict[str, object] = {}

    def take(self, compared: Compared) -> None:
        """Note whether the sound port is aligned, then plant the mistakes of its mode."""
        alignment, case = compared.alignment, compared.live.case
        if any(side.status == "failed" for side in alignment.sides.values()):
            raise WorkerLost(f"the sound port could not be compared: {alignment.sentence}")
        self.versions = {name: side.versions for name, side in alignment.sides.items()}
        self._note_sound(alignment, f"{case.mode}, seed {case.seed}")
        if case.mode == "train":
            self._note_sound(optimiser_steps.compare_steps(compared), f"optimiser, seed {case.seed}")
        if case.seed == self.request.seed:
            self._plant(compared)

    def _note_sound(self, alignment: Alignment, what: str) -> None:
        self.sound_comparisons += 1
        if alignment.verdict != "aligned":
            self.alarms.append(f"{what}: {alignment.sentence}")

    def _plant(self, compared: Compared) -> None:
        mode = compared.live.case.mode
        if mode == MODES[0]:
            self.chosen = _choose(compared, self.count, self.request.seed)
        planned = [mistake for mistake in self.chosen if mistake.mode == mode]
        share = (MODES.index(mode) + 1) / len(MODES)
        for place, mistake in enumerate(planned, 1):
            text = f"{place} of {len(planned)} in mode {mode}: {mistake.kind} in {mistake.path}"
            compared.live.progress.event(PORT, "state", text=text)
            self.rows.append(_try(compared, mistake))
            self.tell(self.rows[-1])
            if time.perf_counter() - self.started > self.most_seconds * share:
                break

    def result(self) -> SelftestScore:
        """The score of all injected mistakes."""
        score = selftest.score(self.rows, len(self.alarms), self.sound_comparisons)
        seconds = time.perf_counter() - self.started
        return SelftestScore(score, self.rows, self.alarms, seconds, self.versions)


def _choose(compared: Compared, count: int | None, seed: int) -> list[Mistake]:
    port = compared.recordings.sides[PORT]
    with Trace.open(port.trace) as trace:
        layers = read_layer_notes(trace.notes["layers"])
    table = port.description.state
    keys = frozenset(entry.key for entry in table)
    learning = [entry.key for entry in table if entry.learns and not _is_zero_in_theory(compared, entry.key)]
    more = selftest.optimiser_mistakes(compared.live.pair.recipe, learning)
    chosen = selftest.sample(layers, keys, count, seed, more)
    if not chosen:
        raise BadInput("there is no place in this port where a mistake of the catalogue applies")
    return chosen


def _is_zero_in_theory(compared: Compared, parameter: str) -> bool:
    """Whether the pair says that this gradient is noise: to lose it is no mistake that could be seen."""
    pair, case = compared.live.pair, compared.live.case
    return override_for(f"grad:{parameter}", pair.overrides(pair.variant(case.variant), "train")) is not None


def _try(compared: Compared, mistake: Mistake) -> FaultResult:
    frozen = mistake.kind.removesuffix(" frozen")
    if frozen != mistake.kind and _is_zero_in_theory(compared, f"{mistake.path}.{frozen}"):
        return _not_run(mistake, "this gradient is zero in theory")
    try:
        return _try_step(compared, mistake) if mistake.group == "optimiser" else _try_pass(compared, mistake)
    except HarnessError as error:
        return _not_run(mistake, str(error)[:300])


def _not_run(mistake: Mistake, why: str) -> FaultResult:
    return FaultResult(mistake, False, False, False, ran=False, said=why)


def _try_step(compared: Compared, mistake: Mistake) -> FaultResult:
    """Let the port's optimiser step in a wrong way."""
    case = compared.live.case
    compared.live.workers[PORT].call(Build(case.pair, case.variant))
    alignment = optimiser_steps.compare_steps(compared, Deviation(**mistake.attributes))
    sources, cause = optimiser_steps.explain_steps(compared, alignment)
    return judge_fault(mistake, alignment.verdict == "diverged", sources, cause.sentence, cause.found)


def _try_pass(compared: Compared, mistake: Mistake) -> FaultResult:
    """Plant, run, compare, run each layer in isolation, and explain the first source."""
    live, recordings = compared.live, compared.recordings
    worker = live.workers[PORT]
    worker.call(Build(live.case.pair, live.case.variant))
    worker.call(Load(str(recordings.weights.path)))
    if not worker.call(InjectFault(mistake.kind, mistake.path, mistake.attributes)).changed:
        return _not_run(mistake, "it changes nothing here")
    trace = recordings.isolated.with_name("faulty.h5")
    for path in (trace, recordings.isolated):
        path.unlink(missing_ok=True)
    run = SideRun(worker, live.case, live.request.layers, live.progress, live.quiet)
    run.run_once(live.inputs, trace=trace, header=dataclasses.replace(live.header, side=PORT))
    if not worker.call(FaultEffect()).changed:
        return _not_run(mistake, "it changes nothing here")
    compared = _with_port(compared, trace)
    alignment = _judge_faulty(compared)
    if alignment.verdict == "aligned" and _same(recordings.sides[PORT].trace, trace):
        return _not_run(mistake, "nothing that is recorded in this mode depends on it")
    if not alignment.sources:
        return judge_fault(mistake, alignment.verdict == "diverged", [], "", False)
    cause = _first_cause(dataclasses.replace(compared, alignment=alignment))
    return judge_fault(
        mistake, alignment.verdict == "diverged", alignment.sources, cause.sentence, cause.found
    )


def _with_port(compared: Compared, trace: Path) -> Compared:
    """The comparison as it is with another recording of the port."""
    port = dataclasses.replace(compared.recordings.sides[PORT], trace=trace)
    recordings = dataclasses.replace(compared.recordings, sides={**compared.recordings.sides, PORT: port})
    return dataclasses.replace(compared, recordings=recordings)


def _judge_faulty(compared: Compared) -> Alignment:
    live, recordings = compared.live, compared.recordings
    trace = recordings.sides[PORT].trace
    with (
        Trace.open(recordings.sides[REFERENCE].trace) as reference,
        Trace.open(trace) as port,
        _open_truth(recordings.truth) as truth,
        _open_truth(isolated_truth_path(live, recordings)) as isolated_truth,
    ):
        alignment = comparing.compare(
            reference, port, truth, live.request.policy, live.overrides, names=(REFERENCE, PORT)
        )
        allow_other_formulas(live, recordings, alignment, trace)
        run_isolated(live, recordings, comparing.paired_addresses(alignment))
        with Trace.open(recordings.isolated) as isolated:
            comparing.add_isolated(alignment, reference, isolated, isolated_truth, live.request.policy)
    return alignment


def _same(sound: Path, faulty: Path) -> bool:
    """Whether two runs recorded the same bits."""
    with Trace.open(sound) as ours, Trace.open(faulty) as its:
        if ours.records.keys() != its.records.keys():
            return False
        return all(
            np.array_equal(np.asarray(ours.array(address)), np.asarray(its.array(address)), equal_nan=True)
            for address, record in ours.records.items()
            if record.alias is None
        )


def _open_truth(path: Path | None) -> Trace:
    if path is None:
        raise BadInput("a self-test needs the float64 truth: leave --dtype at float32")
    return Trace.open(path)


def _first_cause(compared: Compared) -> Cause:
    """The cause of the first source, as it is told once the next few are explained with it."""
    chosen = compared.alignment.sources[:_EXPLAINED]
    with reference_probe(compared) as probe:
        return find_causes.explain_sources(probe, compared.alignment, chosen, _MOST_SECONDS)[0]


def by_kind(rows: Sequence[FaultResult]) -> dict[str, dict[str, int]]:
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
