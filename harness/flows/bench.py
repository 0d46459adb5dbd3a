"""`align bench`: two contestants measured in turns, in fresh processes, until the interval is narrow."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness import pairs
from harness.answers import BlockTimed, TimingStarted
from harness.bench import statistics
from harness.bench.machine import this_machine
from harness.bench.result import Bench, Contestant, Figures, IdleSwitch, LargestBatch, Memory, Row
from harness.bench.switches import SWITCHES
from harness.case import PORT, REFERENCE, SIDES, Case
from harness.choices import AUTO
from harness.environment.device import device_for
from harness.errors import BadInput
from harness.flows import inputs_and_weights
from harness.flows.bench_accuracy import accuracy
from harness.flows.largest_batch import largest_batch
from harness.flows.timed_worker import TimedWorker
from harness.pairs.base import Mode, Pair
from harness.progress import Progress
from harness.scratch import scratch
from harness.session import DEFAULT_TIMEOUT

_TURNS = 3  # of four blocks A B B A, in a round
_BLOCK_SECONDS = 0.25


@dataclass(frozen=True)
class BenchRequest:
    """One measurement. None means the pair's own default."""

    model: str
    variant: str | None = None
    modes: tuple[Mode, ...] = ("eval", "train")
    batches: tuple[int, ...] = ()
    input_size: tuple[int, int] | None = None
    device: str = AUTO
    seed: int = 0
    weights: str = "seeded"
    seconds: float = 60.0
    memory: int | None = None
    ablate: bool = False
    allow_unequal: bool = False
    timeout: float = DEFAULT_TIMEOUT


@dataclass(frozen=True)
class Subject:
    """What all rows of a case share: inputs, the weights drawn for the reference, and its float64 outputs.

    There are none of the last in a training: `truth` is then None.
    """

    pair: Pair
    case: Case
    folder: Path
    inputs: Path
    batch: int
    state: Path
    truth: Path | None


@dataclass(frozen=True)
class Job:
    """One row to be measured."""

    first: Contestant
    second: Contestant


@dataclass
class _Taken:
    """What one contestant has shown so far, over the rounds."""

    started: list[TimingStarted] = field(default_factory=list)
    steady: list[bool] = field(default_factory=list)
    blocks: list[BlockTimed] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)


def bench(request: BenchRequest, progress: Progress) -> Bench:
    """Measure every row that is asked for."""
    pair = pairs.find(request.model)
    cases = list(_cases(request, pair))
    if request.memory is not None and cases[0].device != "cpu":
        raise BadInput(f"--memory counts the memory of processes, not that of a {cases[0].device} device")
    rows, idle, unequal = list[Row](), list[IdleSwitch](), list[str]()
    versions: dict[str, dict[str, str]] = {}
    device_name = ""
    for case in cases:
        jobs, unused = _jobs(request, case)
        idle += [switch for switch in unused if switch not in idle]
        with _subject(pair, case, request.timeout) as subject:
            for job in jobs:
                measured = _Measuring(request, subject, job, progress)
                rows.append(measured.row())
                versions |= measured.versions
                device_name = measured.device_name
                unequal += [words for words in measured.unequal if words not in unequal]
    largest = list[LargestBatch]()
    if request.memory is not None:
        for case in _cases(replace(request, batches=()), pair):
            largest += [
                largest_batch(pair, case, side, request.memory, request.timeout, progress) for side in SIDES
            ]
    return Bench(
        model=pair.name,
        variant=cases[0].variant,
        device=device_for(request.device).device,
        date=time.strftime("%Y-%m-%d"),
        machine=this_machine(device_name),
        versions=versions,
        rows=rows,
        idle=idle,
        unequal=unequal,
        largest=largest,
    )


def _cases(request: BenchRequest, pair: Pair) -> Iterator[Case]:
    for mode in request.modes:
        for batch in request.batches or (None,):
            yield Case(
                pair=request.model,
                variant=pair.variant(request.variant).name,
                mode=mode,
                seed=request.seed,
                weights=request.weights,
                batch=batch,
                size=request.input_size,
                device=device_for(request.device).device,
                name="" if request.model == pair.name else pair.name,
            )


@contextlib.contextmanager
def _subject(pair: Pair, case: Case, timeout: float) -> Iterator[Subject]:
    """Draw inputs and weights, and run the reference in float64 where outputs are compared."""
    with scratch() as place:
        arrays = pair.inputs(case.request(pair))
        folder, truth = place.folder, None if case.trains else place.folder / "truth.h5"
        inputs = inputs_and_weights.write(folder / "inputs.h5", "input", arrays)
        batch = next(iter(arrays.values())).shape[0]
        with TimedWorker(Contestant(REFERENCE), case, folder, timeout, -1) as worker:
            worker.build(pair, folder / "state.h5")
            if truth is not None:
                worker.start(inputs, str(truth), dtype="float64")
        yield Subject(pair, case, folder, inputs, batch, folder / "state.h5", truth)


def _jobs(request: BenchRequest, case: Case) -> tuple[list[Job], list[IdleSwitch]]:
    """The sides against each other, and, where asked, each side against itself with switches."""
    plain = {side: Contestant(side) for side in (REFERENCE, PORT)}
    jobs, idle = [Job(plain[REFERENCE], plain[PORT])], list[IdleSwitch]()
    if not request.ablate:
        return jobs, idle
    for side in (REFERENCE, PORT):
        useful = list[str]()
        for switch in (switch for switch in SWITCHES if switch.side == side):
            why = switch.idle_because(case.device, case.mode)
            if why:
                idle.append(IdleSwitch(side, switch.name, why))
            else:
                useful.append(switch.name)
        jobs += [Job(plain[side], Contestant(side, (name,))) for name in useful]
    return jobs, idle


class _Measuring:
    """Measures one row, round by round."""

    def __init__(self, request: BenchRequest, subject: Subject, job: Job, progress: Progress) -> None:
        self.request, self.subject, self.job, self.progress = request, subject, job, progress
        self.names = (job.first.label, job.second.label)
        self.taken = {name: _Taken() for name in self.names}
        self.ratios: list[float] = []
        self.part_ratios: dict[str, list[float]] = {}
        self.versions: dict[str, dict[str, str]] = {}
        self.device_name = ""
        self.unequal: list[str] = []

    def row(self) -> Row:
        """Make rounds until the interval is narrow enough or the time is over."""
        began = time.monotonic()
        while not statistics.settled(self.ratios):
            self._round()
            late = time.monotonic() - began > self.request.seconds
            if late and len(self.ratios) >= statistics.FEWEST_ROUNDS:
                break
        figures = [
            self._figures(contestant, name)
            for contestant, name in zip((self.job.first, self.job.second), self.names, strict=True)
        ]
        return Row(
            mode=self.subject.case.mode,
            batch=self.subject.batch,
            size=self.subject.case.size,
            first=figures[0],
            second=figures[1],
            ratio=statistics.ratio_of(self.ratios),
            parts={part: statistics.ratio_of(ratios) for part, ratios in self.part_ratios.items()},
            rounds=self.ratios,
            samples={name: [block.whole for block in taken.blocks] for name, taken in self.taken.items()},
        )

    def _round(self) -> None:
        """One fresh process of each contestant, measured in turns; who starts first changes every round."""
        number = len(self.ratios)
        self.progress.event(self.names[1], "state", text=f"round {number + 1}")
        contestants = dict(zip(self.names, (self.job.first, self.job.second), strict=True))
        order = self.names if number % 2 == 0 else self.names[::-1]
        with contextlib.ExitStack() as stack:
            workers = {name: stack.enter_context(self._worker(contestants[name], number)) for name in order}
            for name in order:  # what a model cannot load is refused before the other one runs
                self._build(workers[name])
            for name in order:
                self._prepare(workers[name], self.taken[name])
            if not self.job.second.switches:  # a switch is there to make a difference
                self._require_equal()
            blocks = {name: list[BlockTimed]() for name in self.names}
            for _ in range(_TURNS):
                for name in (*order, *order[::-1]):
                    blocks[name].append(workers[name].time_block(_BLOCK_SECONDS))
            for name in self.names:
                self.taken[name].memory.append(workers[name].memory())
                self.taken[name].blocks += blocks[name]
        self._add_ratios(blocks)

    def _worker(self, contestant: Contestant, number: int) -> TimedWorker:
        subject = self.subject
        return TimedWorker(contestant, subject.case, subject.folder, self.request.timeout, number)

    def _build(self, worker: TimedWorker) -> None:
        identity = worker.build(self.subject.pair, self.subject.state)
        self.versions[worker.contestant.side] = identity.versions
        self.device_name = self.device_name or identity.device_name

    def _prepare(self, worker: TimedWorker, taken: _Taken) -> None:
        wanted = self.subject.truth is not None and not taken.started
        outputs = str(self._outputs_of(worker.contestant)) if wanted else ""
        taken.started.append(worker.start(self.subject.inputs, outputs))
        taken.steady.append(worker.warm_up())

    def _outputs_of(self, contestant: Contestant) -> Path:
        return self.subject.folder / f"{contestant.label.replace(' ', '')}.h5"

    def _require_equal(self) -> None:
        """Both contestants compute under the same settings, or whoever asked knows that they do not."""
        first, second = (self.taken[name].started[-1].settings for name in self.names)
        different = [
            f"{setting} is {first[setting]} for {self.names[0]} and {second[setting]} for {self.names[1]}"
            for setting in first.keys() & second.keys()
            if first[setting] != second[setting]
        ]
        if different and not self.request.allow_unequal:
            raise BadInput(
                f"the two would not be measured under equal settings: {'; '.join(different)}. "
                "Set them alike, or add --allow-unequal, and every table will say so"
            )
        self.unequal = different

    def _add_ratios(self, blocks: dict[str, list[BlockTimed]]) -> None:
        first, second = (blocks[name] for name in self.names)
        self.ratios.append(
            statistics.round_ratio([block.whole for block in first], [block.whole for block in second])
        )
        parts = first[0].seconds
        for part in parts if len(parts) > 1 else ():
            ratio = statistics.round_ratio(
                [block.seconds[part] for block in first], [block.seconds[part] for block in second]
            )
            self.part_ratios.setdefault(part, []).append(ratio)

    def _figures(self, contestant: Contestant, name: str) -> Figures:
        taken, truth = self.taken[name], self.subject.truth
        calls = [seconds for block in taken.blocks for seconds in block.whole]
        parts = {
            part: statistics.spread([seconds for block in taken.blocks for seconds in block.seconds[part]])
            for part in taken.blocks[0].seconds
        }
        return Figures(
            contestant=contestant,
            seconds=statistics.spread(calls),
            parts=parts,
            first=taken.started[0].first,
            compiled=taken.started[0].compiled,
            steady=all(taken.steady),
            memory=max(taken.memory, key=lambda memory: memory.peak),
            settings=taken.started[0].settings,
            accuracy=None if truth is None else accuracy(truth, self._outputs_of(contestant)),
        )
