"""A worker that times one contestant: a fresh process, whose memory before the model is known."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from harness.answers import BlockTimed, Identity, LayersTimed, TimingStarted
from harness.bench.result import Contestant, Memory
from harness.case import Case
from harness.flows import inputs_and_weights
from harness.host_memory import resident_bytes
from harness.pairs.base import Pair
from harness.requests import Build, Load, MeasureMemory, StartTiming, TimeBlock, TimeLayers, WarmUp
from harness.session import Worker

# Idle threads spin as long as they do where nobody sets anything; workers of a comparison let them sleep.
USUAL_WAITING = {"GOMP_SPINCOUNT": "300000"}


class TimedWorker:
    """One contestant in a process of its own."""

    def __init__(self, contestant: Contestant, case: Case, folder: Path, timeout: float, number: int) -> None:
        self.contestant, self.case = contestant, case
        log = folder / f"{contestant.side}-{number}.log"
        self.worker = Worker(contestant.side, case.device, folder, log, timeout, USUAL_WAITING)

    def __enter__(self) -> TimedWorker:
        self.worker.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.worker.__exit__(kind, value, trace)

    def identity(self) -> Identity:
        """Wait until the framework is up."""
        return self.worker.ready()

    def build(self, pair: Pair, state: Path) -> None:
        """Make the model and load its weights, which the first one to ask draws."""
        self.worker.ready()
        self.before = resident_bytes(self.worker.pid)
        built = self.worker.call(Build(self.case.pair, self.case.variant))
        if not state.exists():
            inputs_and_weights.write(
                state, "state", inputs_and_weights.state_for(pair, self.case, built.state)
            )
        self.worker.call(Load(str(state)))

    def start(self, inputs: Path, outputs: str, dtype: str = "float32") -> TimingStarted:
        """The first call."""
        switches = list(self.contestant.switches)
        return self.worker.call(StartTiming(str(inputs), self.case.mode, switches, outputs, dtype))

    def warm_up(self, seconds: float) -> bool:
        """Whether calls became steady within so many seconds."""
        return self.worker.call(WarmUp(seconds)).steady

    def time_block(self, seconds: float) -> BlockTimed:
        """A block of calls."""
        return self.worker.call(TimeBlock(seconds))

    def time_layers(self) -> LayersTimed:
        """One pass, with the time of every layer."""
        return self.worker.call(TimeLayers())

    def dismiss(self) -> None:
        """It is no longer needed; leaving the context waits for its end."""
        self.worker.dismiss()

    def memory(self) -> Memory:
        """The memory of one call."""
        used = self.worker.call(MeasureMemory())
        return Memory(max(0, used.peak - self.before), used.allocator or None)
