"""The requests to a worker: one small dataclass for each verb, with the type of its answer.

A request goes to the worker as JSON, files by their paths. `harness.sides.verbs` carries it out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, List, TypeVar, get_args

from harness import json_codec
from harness.answers import (
    BlockTimed,
    CallDescription,
    CodeListed,
    CodeTried,
    Description,
    DropoutPlanned,
    FaultDone,
    LayersTimed,
    Loaded,
    LossListed,
    LossTried,
    MemoryUsed,
    PassDone,
    RunDone,
    StepsDone,
    Times,
    TimingStarted,
    TrainingBegun,
    TrialDone,
    WarmedUp,
)
from harness.deviation import Deviation
from harness.dropout import DropoutPlan
from harness.layer_note import Attributes
from harness.pairs.base import Mode
from harness.trace_header import TraceHeader
from harness.training.change import Change
from harness.training.setup import Setup, Uses

Answer = TypeVar("Answer")
AMPLE = 3600.0
"""Seconds for trials, where nobody waits: those that would end later than asked for get no answer."""


class Request(Generic[Answer]):
    """A request to a worker; `Answer` is the type of its answer."""

    verb: ClassVar[str]

    @classmethod
    def answer_type(cls) -> Any:
        """The type of the answer."""
        (base,) = cls.__orig_bases__  # type: ignore[attr-defined]
        return get_args(base)[0]


@dataclass(frozen=True)
class UpstreamModel:
    """A network of upstream code: its checkout, the entry MODULE:CLASS, and the arguments of that."""

    checkout: str
    entry: str
    options: Attributes = field(default_factory=dict)


@dataclass(frozen=True)
class Build(Request[Description]):
    """Make the model of a variant; `upstream` makes the upstream's own network in its place."""

    verb = "build"
    pair: str
    variant: str
    upstream: UpstreamModel | None = None


@dataclass(frozen=True)
class Load(Request[Loaded]):
    """Fill the model with the `state:` tensors of a trace file."""

    verb = "load"
    state: str


@dataclass(frozen=True)
class PlanDropout(Request[DropoutPlanned]):
    """Let dropouts drop by a plan from now on."""

    verb = "plan_dropout"
    plan: DropoutPlan


@dataclass(frozen=True)
class Run(Request[RunDone]):
    """Go forward once; `harness.sides.side.Side.run` says what each field means."""

    verb = "run"
    inputs: str
    mode: Mode
    trace: str | None = None
    layers: str = "all"
    observe: bool = True
    compact: bool = False
    dtype: str = "float32"
    header: TraceHeader = field(default_factory=TraceHeader)
    metrics: bool = False


@dataclass(frozen=True)
class Backward(Request[RunDone]):
    """Back-propagate the first loss of the last run."""

    verb = "backward"


@dataclass(frozen=True)
class RunIsolated(Request[Times]):
    """Run every layer alone on the inputs that the reference recorded.

    `partly` is for a model that may raise on its way: forward only, and what came until then is kept.
    """

    verb = "run_isolated"
    inputs: str
    mode: Mode
    reference: str
    addresses: list[str]
    trace: str
    dtype: str = "float32"
    header: TraceHeader = field(default_factory=TraceHeader)
    partly: bool = False


@dataclass(frozen=True)
class MeasureTruth(Request[Times]):
    """Run in double precision and measure how far single precision strays from it."""

    verb = "measure_truth"
    inputs: str
    mode: Mode
    reference: str
    path: str
    scratch: str
    samples: int
    layers: str = "all"
    header: TraceHeader = field(default_factory=TraceHeader)
    slim: bool = False


@dataclass(frozen=True)
class MeasureIsolated(Request[Times]):
    """Measure the noise that each layer makes alone."""

    verb = "measure_isolated"
    inputs: str
    mode: Mode
    reference: str
    path: str
    scratch: str
    samples: int


@dataclass(frozen=True)
class CaptureCall(Request[CallDescription]):
    """Run forward and keep one call of a layer; its inputs are written to the file `given`."""

    verb = "capture_call"
    inputs: str
    mode: Mode
    path: str
    call: int
    given: str


@dataclass(frozen=True)
class CallChange:
    """How a captured call is repeated: with other attributes or arguments, another state, another mode.

    `state` names a trace file with the `state:` tensors that replace the module's own. An argument without a
    name has its place for one. `without` are the places of arguments that are left out, `kind` is the class
    of the same package that stands in the module's place. `twice` gives the result to it once more. `given`
    names a trace file with `input:` tensors that stand in the place of its own.
    """

    changes: Attributes = field(default_factory=dict)
    training: bool | None = None
    state: str = ""
    without: list[str] = field(default_factory=list)
    kind: str = ""
    twice: bool = False
    given: str = ""


@dataclass(frozen=True)
class TryChanges(Request[List[TrialDone]]):
    """Repeat the captured call once for each trial, with something changed."""

    verb = "try_changes"
    trials: list[CallChange]
    folder: str
    seconds: float = AMPLE


@dataclass(frozen=True)
class BackwardThroughCall(Request[List[TrialDone]]):
    """Take gradients backward through the captured call, once for each trial."""

    verb = "backward_through_call"
    gradients: str
    trials: list[CallChange]
    folder: str
    seconds: float = AMPLE


CODE = "code"
"""How an edit of the text of a function is told from the others."""


@dataclass(frozen=True)
class Edit:
    """One operation of a loss changed: `how` is one of `harness.sides.loss_edits.HOW`.

    `place` counts the tensors that it is given, `name` is an argument or its place, `function` another
    operation.
    """

    path: str
    how: str
    name: str = ""
    value: Any = None
    function: str = ""
    place: int = 0


@dataclass(frozen=True)
class ListLoss(Request[LossListed]):
    """Run forward and tell the operations of the losses, in order; what the losses take is kept."""

    verb = "list_loss"
    inputs: str
    mode: Mode
    gradient_of: str = ""


@dataclass(frozen=True)
class TryLoss(Request[List[LossTried]]):
    """Compute the losses once for each list of edits, on what the last `ListLoss` kept.

    With a `folder`, also the gradient of the first loss at the address that `ListLoss` named.
    """

    verb = "try_loss"
    trials: list[list[Edit]]
    folder: str = ""
    seconds: float = AMPLE


@dataclass(frozen=True)
class ListCode(Request[CodeListed]):
    """Run forward and tell the code of the module that makes the tensor at an address; its call is kept."""

    verb = "list_code"
    inputs: str
    mode: Mode
    wanted: str


@dataclass(frozen=True)
class TryCode(Request[List[CodeTried]]):
    """Run the kept call once for each list of edits; the file `wanted` holds the tensor to compare with."""

    verb = "try_code"
    trials: list[list[Edit]]
    wanted: str
    seconds: float = AMPLE


@dataclass(frozen=True)
class TakeSteps(Request[StepsDone]):
    """Take steps of a new optimiser on the gradients of a trace."""

    verb = "take_steps"
    gradients: str
    rates: list[float]
    path: str
    dtype: str = "float32"
    deviation: Deviation = field(default_factory=Deviation)


@dataclass(frozen=True)
class InjectFault(Request[FaultDone]):
    """Inject a fault of `harness.selftest` into the model."""

    verb = "inject_fault"
    kind: str
    path: str
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True)
class FaultEffect(Request[FaultDone]):
    """Ask whether the fault injected last has changed anything in the runs since."""

    verb = "fault_effect"


@dataclass(frozen=True)
class BeginTraining(Request[TrainingBegun]):
    """Set up a training from the loaded state; `change` is what departs from the recipe."""

    verb = "begin_training"
    setup: Setup
    change: Change = field(default_factory=Change)


@dataclass(frozen=True)
class TakePass(Request[PassDone]):
    """Take one pass of the training.

    What is remembered before it goes to the file `memory`, what the pass made to `trace`, and the parameters
    after it to `values`, where those are named.
    """

    verb = "take_pass"
    batch: str
    uses: Uses
    memory: str = ""
    trace: str = ""
    values: str = ""


@dataclass(frozen=True)
class EvaluateBatch(Request[Loaded]):
    """Go forward in evaluation mode, with averaged weights where there are some; outputs go to `path`."""

    verb = "evaluate_batch"
    batch: str
    path: str
    averaged: bool = False


@dataclass(frozen=True)
class ForcedStep(Request[PassDone]):
    """Take one step from what another side remembers; this side's own training goes on undisturbed.

    What the pass made goes to `trace`, and what the optimiser made of it to `steps`.
    """

    verb = "forced_step"
    memory: str
    batch: str
    uses: Uses
    trace: str
    steps: str


@dataclass(frozen=True)
class OptimizerStep(Request[StepsDone]):
    """Let the optimiser alone take a step, with the gradients and the buffers that a pass has recorded."""

    verb = "optimizer_step"
    memory: str
    gradients: str
    uses: Uses
    steps: str
    dtype: str = "float32"
    change: Change = field(default_factory=Change)


@dataclass(frozen=True)
class MeasurePass(Request[Times]):
    """Measure the truth of the pass that begins at a memory, and how far the reference strays from it.

    The reference strays `times` as often as it does for a first look.
    """

    verb = "measure_pass"
    memory: str
    batch: str
    uses: Uses
    reference: str
    path: str
    scratch: str
    samples: int
    times: int = 1


@dataclass(frozen=True)
class WriteMemory(Request[Loaded]):
    """Write all that the training remembers to a file."""

    verb = "write_memory"
    path: str


@dataclass(frozen=True)
class ReadMemory(Request[Loaded]):
    """Go on from such a file."""

    verb = "read_memory"
    path: str


@dataclass(frozen=True)
class StartTiming(Request[TimingStarted]):
    """Make the model ready to be timed and call it once; `outputs` names a trace for what it gives."""

    verb = "start_timing"
    inputs: str
    mode: Mode
    switches: list[str] = field(default_factory=list)
    outputs: str = ""
    dtype: str = "float32"


@dataclass(frozen=True)
class WarmUp(Request[WarmedUp]):
    """Call until calls become no faster, for `seconds` at most."""

    verb = "warm_up"
    seconds: float


@dataclass(frozen=True)
class TimeBlock(Request[BlockTimed]):
    """Call for so many seconds."""

    verb = "time_block"
    seconds: float


@dataclass(frozen=True)
class MeasureMemory(Request[MemoryUsed]):
    """Call once and tell the highest memory."""

    verb = "measure_memory"


@dataclass(frozen=True)
class TimeLayers(Request[LayersTimed]):
    """Take the time of every layer in one pass."""

    verb = "time_layers"


REQUESTS: dict[str, type[Request[Any]]] = {kind.verb: kind for kind in Request.__subclasses__()}


def read_request(verb: str, arguments: object) -> Request[Any]:
    """A request as it came through the pipe."""
    return json_codec.from_plain(REQUESTS[verb], arguments, verb)
