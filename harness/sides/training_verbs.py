"""What a worker is asked during a training: passes, forced steps, and its memory kept and taken over."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from harness import unused_memory
from harness.answers import Loaded, PassDone, StepsDone, Times, TrainingBegun
from harness.errors import BadInput
from harness.pairs.base import Arrays
from harness.sides import float64_truth
from harness.sides.contract import NamedTensors
from harness.sides.measured import MeasuredArrays
from harness.sides.own_training import is_offered
from harness.sides.side import Side
from harness.sides.training import SideTraining, TrainingMemory
from harness.state_table import changing
from harness.trace import Trace, TraceWriter
from harness.trace_header import TraceHeader
from harness.training.change import Change
from harness.training.records import SideStep
from harness.training.setup import Setup, Uses

KEPT = {"state": "state", "optimizer": "slots", "sum": "sums", "ema": "average"}


def begin_training(side: Side, setup: Setup, change: Change) -> TrainingBegun:
    """Set up a training from the loaded state, which is then let go of: the model has it."""
    side.let_pass_go()
    side.write_state(side.loaded_state)
    side.set_mode(setup.mode)
    side.training = _new_training(side, setup, change)
    side.loaded_state = {}
    unused_memory.give_back()
    return TrainingBegun(len(side.training.members))


def _new_training(side: Side, setup: Setup, change: Change) -> SideTraining:
    """By the recipe; by code of the side's own if that is asked for and there is no change to try."""
    own = setup.length is not None and change == Change() and is_offered(side)
    if side.name == "torch":
        from harness.sides.torch_own_training import TorchOwnTraining
        from harness.sides.torch_training import TorchTraining

        return (TorchOwnTraining if own else TorchTraining)(side, setup, change)
    from harness.sides.jittor_own_training import JittorOwnTraining
    from harness.sides.jittor_training import JittorTraining

    return (JittorOwnTraining if own else JittorTraining)(side, setup, change)


def take_pass(
    side: Side, batch: str, uses: Uses, memory: str = "", trace: str = "", values: str = ""
) -> PassDone:
    """Take one pass of the training, and write what is asked for."""
    training = _training(side)
    if memory:
        write_memory(side, memory)
    taken = _Pass(side, training, uses, batch, is_written=bool(trace))
    done = taken.take()
    if trace:
        taken.write_pass(Path(trace))
    if values:
        _write(Path(values), side.name, {f"state:{key}": array for key, array in training.values().items()})
    return done


def evaluate_batch(side: Side, batch: str, path: str, averaged: bool = False) -> Loaded:
    """Go forward in evaluation mode and write the outputs; a training that there is goes on undisturbed."""
    if side.training is None:
        outputs = _evaluated(side, batch)
    else:
        with _set_aside(side) as own:
            if averaged:
                to_array = side.tensors.to_array
                average = {name: np.array(to_array(value)) for name, value in own.average.items()}
                side.write_state({**side.read_state(), **average})
            outputs = _evaluated(side, batch)
    _write(Path(path), side.name, outputs)
    return Loaded(len(outputs))


def _evaluated(side: Side, batch: str) -> Arrays:
    side.set_mode("eval")
    side.take_inputs(batch, "float32")
    return side.evaluated()


def _write(path: Path, side: str, arrays: Arrays) -> None:
    with TraceWriter(path, {"side": side}) as writer:
        for address, array in arrays.items():
            writer.add(address, array)


def forced_step(side: Side, memory: str, batch: str, uses: Uses, trace: str, steps: str) -> PassDone:
    """Take one step from what another side remembers; this side's own training goes on undisturbed."""
    with _set_aside(side) as own:
        training = _from_memory(side, own, own.change, memory, "float32")
        taken = _Pass(side, training, uses, batch, is_written=True)
        done = taken.take()
        taken.write_pass(Path(trace))
        taken.write_steps(Path(steps))
        return done


def optimizer_step(
    side: Side, memory: str, gradients: str, uses: Uses, steps: str, dtype: str, change: Change
) -> StepsDone:
    """Let the optimiser alone take a step, with the gradients and the buffers that a pass has recorded."""
    with _set_aside(side) as own:
        training = _from_memory(side, own, change, memory, dtype)
        given = _read(Path(gradients), "grad")
        buffers = _read(Path(gradients), "state")
        before = training.values()
        side.write_state({**_double(side.read_state(), dtype), **_double(buffers, dtype)})
        found = {
            name: training.tensor(array, name)
            for name, array in _double(given, dtype).items()
            if name in training.parameters
        }
        training.learn(found, uses)
        _write_steps(Path(steps), training, before)
        return StepsDone(1)


def measure_pass(
    side: Side,
    memory: str,
    batch: str,
    uses: Uses,
    reference: str,
    path: str,
    scratch: str,
    samples: int,
    times: int,
) -> Times:
    """Measure the truth of the pass that begins at a memory, and how far the reference strays from it."""
    with _set_aside(side) as own:
        side.loaded_state, side.loss_arguments = _read(Path(memory), "state"), uses.loss_arguments
        _draw_for(side, uses.number)
        return float64_truth.measure(
            side,
            batch,
            own.setup.mode,
            Path(reference),
            Path(path),
            Path(scratch),
            samples,
            layers="-",
            header=TraceHeader(),
            slim=True,
            times=times,
        )


def write_memory(side: Side, path: str) -> Loaded:
    """Write all that the training remembers to a file."""
    kinds = {name: kind for kind, name in KEPT.items()}
    count = 0
    with TraceWriter(Path(path), {"kind": "training"}) as writer:
        for name, arrays in _training(side).parts():
            for key, array in arrays.items():
                writer.add(f"{kinds[name]}:{key}", array)
            count += len(arrays)
            del arrays
    unused_memory.give_back()
    return Loaded(count)


def read_memory(side: Side, path: str) -> Loaded:
    """Go on from such a file."""
    memory = _read_memory(Path(path))
    side.write_state(memory.state)
    _training(side).remember(memory)
    return Loaded(len(memory.state))


class _Pass:
    """One pass over a batch, forward, backward and, where it is due, the optimiser's step.

    Gradients and the parameters before it are kept where the pass `is_written`; else they are only measured.
    """

    def __init__(
        self, side: Side, training: SideTraining, uses: Uses, batch: str, *, is_written: bool = False
    ) -> None:
        self.side, self.training, self.uses, self.batch = side, training, uses, batch
        self.is_written = is_written
        self.losses: Arrays = {}
        self.gradients: Arrays = {}
        self.before: Arrays = {}

    def take(self) -> PassDone:
        """Take it; its figures."""
        side, training = self.side, self.training
        started, cpu = time.perf_counter(), time.process_time()
        found = self._backward()
        given = MeasuredArrays.of({name: side.tensors.to_array(value) for name, value in found.items()})
        if self.is_written:  # an optimiser may work in its gradients
            self.gradients = {name: np.array(side.tensors.to_array(value)) for name, value in found.items()}
        before = training.values()
        training.learn(found, self.uses)
        side.synchronise()
        moved = self._moved(before)
        step = SideStep(
            losses={name: float(loss) for name, loss in self.losses.items()},
            rates={name: float(options["lr"]) for name, options in self.uses.groups.items()},
            gradients=training.norms(given.squares),
            updates=training.norms(moved.squares),
            seconds=time.perf_counter() - started,
        )
        return PassDone(step, time.process_time() - cpu, given.strange, moved.zero)

    def _backward(self) -> NamedTensors:
        """The gradients of the first loss."""
        side, change = self.side, self.training.change
        _seed(side, self.uses.number)
        side.loss_arguments = self.uses.loss_arguments
        side.take_inputs(self.batch, "float32")
        losses = side.losses_of(side.call_model())
        if change.loss != 1:
            losses = {name: loss * change.loss for name, loss in losses.items()}
        found = self.training.gradients(next(iter(losses.values())))
        self.losses = {
            name: np.array(side.tensors.to_array(loss)).reshape(()) for name, loss in losses.items()
        }
        return found

    def _moved(self, before: Arrays) -> MeasuredArrays:
        """By how much the step has moved each parameter that learns; `before` is overwritten or kept."""
        if self.is_written:
            self.before = before
        after = {name: self.side.tensors.to_array(self.training.parameters[name]) for name in before}
        return MeasuredArrays.of(
            {
                name: np.subtract(after[name], array, out=None if self.is_written else array)
                for name, array in before.items()
            }
        )

    def write_pass(self, path: Path) -> None:
        """Losses, gradients, and the buffers after the pass."""
        trainable = changing(self.side.state_table())
        with TraceWriter(path, {"side": self.side.name}) as writer:
            for name, loss in self.losses.items():
                writer.add(f"loss:{name}", loss)
            for name, gradient in self.gradients.items():
                writer.add(f"grad:{name}", gradient)
            for name, array in self.side.read_state().items():
                if name not in trainable:
                    writer.add(f"state:{name}", array)

    def write_steps(self, path: Path) -> None:
        """What the optimiser made of it."""
        _write_steps(path, self.training, self.before)


def _write_steps(path: Path, training: SideTraining, before: Arrays) -> None:
    """Updates, what the optimiser remembers, gradients that have come together, and averaged weights."""
    memory = training.memory()
    with TraceWriter(path, {"side": training.side.name}) as writer:
        for name, array in training.values().items():
            writer.add(f"update:{name}", array - before[name])
        for kind, tensors in (("optimizer", memory.slots), ("sum", memory.sums), ("ema", memory.average)):
            for name, array in tensors.items():
                writer.add(f"{kind}:{name}", array)


def _training(side: Side) -> SideTraining:
    found: SideTraining | None = side.training
    if found is None:
        raise BadInput("there is no training to go on with: begin one first")
    return found


def _seed(side: Side, number: int) -> None:
    """Whatever draws, draws the same at the same pass, also where a training was resumed."""
    _draw_for(side, number)
    random.seed(number)
    np.random.seed(number)  # noqa: NPY002 (what a model draws with)
    side.seed(number)


def _draw_for(side: Side, number: int) -> None:
    """Let dropouts draw what they draw in this pass."""
    side.masks.plan = replace(side.masks.plan, number=number)
    side.masks.restart()


@contextlib.contextmanager
def _set_aside(side: Side) -> Iterator[SideTraining]:
    """In here the model may hold anything; afterwards the side's own training is there again, bit for bit."""
    training = _training(side)
    state = {name: np.array(array) for name, array in side.read_state().items()}
    loaded = side.loaded_state
    try:
        yield training
    finally:
        side.let_pass_go()
        side.cast("float32")
        side.write_state(state)
        side.set_mode(training.setup.mode)
        side.loaded_state = loaded


def _from_memory(side: Side, own: SideTraining, change: Change, path: str, dtype: str) -> SideTraining:
    """A training of its own that begins where a memory says."""
    memory = _read_memory(Path(path))
    side.cast(dtype)
    side.write_state(_double(memory.state, dtype))
    training = _new_training(side, own.setup, change)
    training.remember(
        TrainingMemory(
            slots=_double(memory.slots, dtype),
            sums=_double(memory.sums, dtype),
            average=_double(memory.average, dtype),
        )
    )
    return training


def _double(arrays: Arrays, dtype: str) -> Arrays:
    return {name: array.astype(dtype) if array.dtype.kind == "f" else array for name, array in arrays.items()}


def _read_memory(path: Path) -> TrainingMemory:
    with Trace.open(path) as stored:
        return TrainingMemory(**{name: _of_kind(stored, kind) for kind, name in KEPT.items()})


def _read(path: Path, kind: str) -> Arrays:
    with Trace.open(path) as stored:
        return _of_kind(stored, kind)


def _of_kind(stored: Trace, kind: str) -> Arrays:
    return {
        address.partition(":")[2]: np.array(stored.array(address))
        for address in stored.records
        if address.startswith(f"{kind}:")
    }


VERBS = (
    begin_training,
    take_pass,
    evaluate_batch,
    forced_step,
    optimizer_step,
    measure_pass,
    write_memory,
    read_memory,
)
