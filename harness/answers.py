"""What a worker answers: one small dataclass for each kind of answer.

`harness.requests` says which request gets which answer. `harness.json_codec` writes and checks them
on the pipe between the harness and a worker.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from harness.choices import Dropout
from harness.dropout import Draw
from harness.json_codec import Partial
from harness.layer_note import Attributes, LayerNote
from harness.older_python import strict_zip
from harness.state_table import StateEntry
from harness.training.records import SideStep


@dataclass(frozen=True)
class Times:
    """Seconds that a piece of work took: on the wall clock, and of the processor."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Cost(Times):
    """What a run took: its times, and how far memory rose above what was in use before it."""

    peak_bytes: int
    device_peak_bytes: int = 0

    def plus(self, times: Times) -> Cost:
        """This cost and more time after it."""
        return replace(self, wall=self.wall + times.wall, cpu=self.cpu + times.cpu)

    def then(self, other: Cost) -> Cost:
        """The cost of this run and of another one after it."""
        peak = max(self.peak_bytes, other.peak_bytes)
        device_peak = max(self.device_peak_bytes, other.device_peak_bytes)
        return Cost(self.wall + other.wall, self.cpu + other.cpu, peak, device_peak)


@dataclass(frozen=True)
class Identity:
    """Which framework a worker runs, in which version, and on which device.

    `compiled` counts the operators that lie compiled in the folder `operator_cache`; that is empty where
    the framework compiles nothing.
    """

    side: str
    python: str
    executable: str
    platform: str
    versions: dict[str, str]
    device: str
    device_name: str
    threads: str
    compiled: int
    operator_cache: str


@dataclass(frozen=True)
class Description:
    """A worker that has built a model: the model's state dict without its values, and its layers by path."""

    identity: Identity
    state: list[StateEntry]
    layers: dict[str, LayerNote]


@dataclass(frozen=True)
class OutputChange(Partial):
    """How far one output moved between two runs, and how large it is."""

    max_abs: float | None = None
    scale: float | None = None


@dataclass(frozen=True)
class Observer(Partial):
    """How a recorded run differs from a bare one with another seed.

    `changed` lists the outputs that differ, `draws` the functions that draw at random.
    """

    bitwise: bool | None = None
    max_abs: float | None = None
    scale: float | None = None
    changed: dict[str, OutputChange] = field(default_factory=dict)
    draws: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Loaded:
    """How many tensors a state has that was loaded."""

    keys: int


@dataclass(frozen=True)
class DropoutPlanned:
    """How dropouts are treated from now on."""

    treatment: Dropout


@dataclass(frozen=True)
class RunDone:
    """A forward pass, or a backward pass after it.

    `compiled` counts the operators that lie compiled by now. `bytes` is the size of the trace, which a
    rehearsal measures. `room` is the time it took to reserve space for a trace. `unmatched` are the globs of
    layers that nothing in a rehearsal matched, each with the nearest names. `draws` is what dropouts drew.
    """

    cost: Cost
    compiled: int
    bytes: int = 0
    room: Times | None = None
    observer: Observer | None = None
    unmatched: dict[str, list[str]] = field(default_factory=dict)
    draws: list[Draw] = field(default_factory=list)


@dataclass(frozen=True)
class CallDescription:
    """How to make a captured call by hand: the name of the class or function, and its arguments in order.

    `made` are the arguments of the constructor where the call is of a module. A tensor among the arguments
    stands as {"tensor": NAME}, with the name that the file of inputs has for it after `input:`.
    """

    path: str
    name: str
    module: bool
    args: list[Any]
    kwargs: Attributes
    made: Attributes = field(default_factory=dict)


@dataclass(frozen=True)
class TrialDone:
    """One trial of a captured call: the trace with its results, or why it failed."""

    trace: str = ""
    error: str = ""


@dataclass(frozen=True)
class LossTensor:
    """A tensor in a loss: the operation that it comes of, or `PATH:PLACE` where it is first given to one."""

    name: str
    shape: list[int]


@dataclass(frozen=True)
class CodeValue:
    """What an expression is when it first runs; it stands from byte `start` to byte `end` of a text.

    `kind` is `int`, `float`, `bool`, one of these and `tensor`, `ints` for several whole numbers, or empty
    for anything else. `chooses` is true of a tensor of zeros and ones. `before` counts the operations that
    have run until then.
    """

    start: int
    end: int
    kind: str
    shape: list[int] = field(default_factory=list)
    chooses: bool = False
    before: int = 0


@dataclass(frozen=True)
class ModelCode:
    """A function of a model's code: its text without indentation, its place, and what its expressions are."""

    key: str
    name: str
    file: str
    line: int
    text: str
    values: list[CodeValue] = field(default_factory=list)


@dataclass(frozen=True)
class LossListed:
    """What a loss runs, in order, and what it may take besides: the case's inputs and the model's outputs.

    Each of the latter has a name with `inputs.` or `outputs.` before it. `code` are the model's own functions
    that a loss calls.
    """

    operations: list[LossOperation] = field(default_factory=list)
    given: list[LossTensor] = field(default_factory=list)
    code: list[ModelCode] = field(default_factory=list)


@dataclass(frozen=True)
class CodeListed:
    """The functions of a module's own code that run in one of its calls, and that call, as `PATH#CALL`."""

    around: str
    code: list[ModelCode] = field(default_factory=list)


@dataclass(frozen=True)
class CodeTried:
    """How far the tensor that a changed code makes is from the wanted one; or why there is none."""

    distance: float = -1.0
    error: str = ""


COMPARISONS = ("gt", "ge", "lt", "le", "eq", "ne")
ROUNDINGS = ("long", "int", "floor", "ceil", "round", "trunc")
"""Operations of a loss that compare, and that round, by the names that a side tells them by."""


@dataclass(frozen=True)
class LossOperation:
    """One operation that a loss runs: its kind, its plain arguments, and what it is given and returns.

    `takes` names the arguments that it can take, `tensors` counts those it was given, `rank` is the number
    of axes of the first of them and `shape` its sizes. `defaults` are what arguments are that are not given,
    `given` and `made` the tensors of the call: each by its name and its sizes. `where` is the function that
    runs it, and its place.
    """

    path: str
    type: str
    arguments: Attributes
    takes: list[str]
    tensors: int
    rank: int
    shape: list[int]
    defaults: Attributes = field(default_factory=dict)
    given: list[LossTensor] = field(default_factory=list)
    made: LossTensor | None = None
    where: str = ""


@dataclass(frozen=True)
class LossTried:
    """What the losses are under some edits, and the gradient that was asked for; or why there is none."""

    losses: dict[str, float] = field(default_factory=dict)
    gradient: str = ""
    error: str = ""


@dataclass(frozen=True)
class FaultDone:
    """Whether a fault that was injected has changed anything."""

    changed: bool


@dataclass(frozen=True)
class StepsDone:
    """How many steps an optimiser took."""

    steps: int


@dataclass(frozen=True)
class TrainingBegun:
    """How many parameters the optimiser of a training has."""

    parameters: int


@dataclass(frozen=True)
class PassDone:
    """One pass of a training: its figures for the log, and parameters that look wrong.

    `strange` are parameters whose gradient is not finite, `still` those that did not move.
    """

    step: SideStep
    cpu: float
    strange: list[str]
    still: list[str]


@dataclass(frozen=True)
class TimingStarted:
    """A model that is ready to be timed: its first call, which may have compiled, and what is set."""

    first: float
    compiled: int
    settings: dict[str, str]


@dataclass(frozen=True)
class WarmedUp:
    """How many calls the warm-up took, and whether the last ones were no faster than those before."""

    calls: int
    steady: bool


@dataclass(frozen=True)
class BlockTimed:
    """The seconds of every call of a block, by part: forward, and in training backward and step."""

    seconds: dict[str, list[float]]

    @property
    def whole(self) -> list[float]:
        """The seconds of every whole call."""
        return [sum(parts) for parts in strict_zip(*self.seconds.values())]


@dataclass(frozen=True)
class LayersTimed:
    """The seconds of every layer in one pass, by path, and what kind each is."""

    forward: dict[str, float]
    backward: dict[str, float]
    kinds: dict[str, str]


@dataclass(frozen=True)
class MemoryUsed:
    """The highest memory of the process in a call, and what the framework's allocator held; bytes."""

    peak: int
    allocator: int
