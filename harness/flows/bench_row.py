"""Measures one row: two contestants in turns, in fresh processes, until the interval is narrow."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.answers import BlockTimed, TimingStarted
from harness.bench import statistics
from harness.bench.memory import usual
from harness.bench.result import BenchRow, Contestant, Figures, Memory
from harness.bench.settings import differences, require_equal
from harness.flows.bench_accuracy import accuracy
from harness.flows.bench_jobs import Job
from harness.flows.bench_request import BenchRequest
from harness.flows.bench_subject import Subject
from harness.flows.timed_worker import TimedWorker
from harness.progress import Progress

BLOCK_SECONDS = 0.06
"""Short, so that two neighbouring blocks meet the same state of a shared machine."""
MOST_TURNS = 12
"""Of four blocks A B B A, in a round."""
_FEWEST_TURNS = 3  # where a call takes long
_ROUND_SECONDS = 3.0


@dataclass
class _Taken:
    """What one contestant has shown so far, over the rounds."""

    started: list[TimingStarted] = field(default_factory=list)
    steady: list[bool] = field(default_factory=list)
    blocks: list[BlockTimed] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)


class MeasuredRow:
    """Measures one row, round by round."""

    def __init__(
        self,
        request: BenchRequest,
        subject: Subject,
        job: Job,
        progress: Progress,
        check: Callable[[str, dict[str, str]], None],
    ) -> None:
        """`check` is given the settings of each contestant by its label, before anything is timed."""
        self.request, self.subject, self.job, self.progress = request, subject, job, progress
        self.check = check
        self.names = (job.first.label, job.second.label)
        self.taken = {name: _Taken() for name in self.names}
        self.ratios: list[float] = []
        self.part_ratios: dict[str, list[float]] = {}
        self.unequal: list[str] = []
        self.turns = 0
        """Of every round, as the first one had time for."""

    def row(self) -> BenchRow:
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
        return BenchRow(
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
            workers = {
                name: stack.enter_context(self.subject.worker(contestants[name], number)) for name in order
            }
            for name in order:  # what a model cannot load is refused before the other one runs
                self.subject.build(workers[name])
            for name in order:
                self._start(workers[name], self.taken[name])
            for name in order:
                self.check(name, self.taken[name].started[-1].settings)
            if not self.job.second.switches:  # a switch is there to make a difference
                self._require_equal()
            for name in order:
                self.taken[name].steady.append(workers[name].warm_up(self.request.warm_up))
            blocks = self._blocks([(name, workers[name]) for name in order])
            for name in self.names:
                self.taken[name].memory.append(workers[name].memory())
                self.taken[name].blocks += blocks[name]
                workers[name].dismiss()
        self._add_ratios(blocks)

    def _blocks(self, workers: list[tuple[str, TimedWorker]]) -> dict[str, list[BlockTimed]]:
        """Both in turns."""
        blocks = {name: list[BlockTimed]() for name in self.names}
        began, turns = time.monotonic(), 0
        while turns < self.turns or (not self.turns and self._has_time(turns, time.monotonic() - began)):
            for name, worker in (*workers, *workers[::-1]):
                blocks[name].append(worker.time_block(BLOCK_SECONDS))
            turns += 1
        self.turns = turns
        return blocks

    def _has_time(self, turns: int, seconds: float) -> bool:
        return turns < _FEWEST_TURNS or (turns < MOST_TURNS and seconds < _ROUND_SECONDS)

    def _start(self, worker: TimedWorker, taken: _Taken) -> None:
        wanted = self.subject.truth is not None and not taken.started
        outputs = str(self.subject.outputs_of(worker.contestant)) if wanted else ""
        taken.started.append(worker.start(self.subject.inputs, outputs))

    def _require_equal(self) -> None:
        """Both contestants compute under the same settings, or whoever asked knows that they do not."""
        first, second = (self.taken[name].started[-1].settings for name in self.names)
        self.unequal = differences(self.names, first, second)
        require_equal(self.unequal, self.request.allow_unequal)

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
            memory=usual(taken.memory),
            settings=taken.started[0].settings,
            accuracy=None if truth is None else accuracy(truth, self.subject.outputs_of(contestant)),
        )
