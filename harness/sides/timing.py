"""Times bare calls of a model: between two calls nothing is recorded, copied to host memory, or loaded.

Evaluation is one forward pass. Training is a forward pass with the loss, a backward pass, and a step of the
recipe's optimiser; the weights go on from call to call, as in a training.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from harness.answers import BlockTimed, MemoryUsed, TimingStarted, WarmedUp
from harness.bench.statistics import halves_agree
from harness.bench.switches import WITH_GRAPH, find
from harness.pairs.base import Arrays, Mode
from harness.sides.cost import peak_bytes, reset_peak
from harness.sides.layer_times import WholePasses
from harness.sides.recorder import flatten
from harness.sides.side import Side
from harness.trace import TraceWriter

_FEWEST_WARM_UPS = 6


class TimedModel:
    """A model with its inputs on the device, its switches on, ready to be called over and over."""

    def __init__(self, side: Side, inputs: Path, mode: Mode, switches: list[str], dtype: str) -> None:
        self.side, self.keeps_graph = side, WITH_GRAPH in switches
        self.stack = contextlib.ExitStack()
        side.prepare(str(inputs), mode, dtype)
        self.stack.enter_context(side.as_users_run_it(trains=mode == "train"))
        for switch in find(side.name, [name for name in switches if name != WITH_GRAPH]):
            self.stack.enter_context(side.switched(switch.name))
        self.optimizer = side.make_optimizer() if mode != "eval" else None
        self.outputs: Any = None
        self.passes = {"forward": WholePasses(), "backward": WholePasses()}

    def call(self, steps: bool = True) -> dict[str, float]:
        """One call, synchronised before and after each part; the seconds of each part.

        Without a step, a call in training leaves the parameters as they are.
        """
        parts: dict[str, float] = {}
        self.side.synchronise()
        parts["forward"] = self._timed(self._forward)
        if self.optimizer is not None:
            parts["backward"] = self._timed(lambda: self.side.backward_only(self.loss, self.optimizer))
        if self.optimizer is not None and steps:
            parts["step"] = self._timed(lambda: self.side.step_only(self.optimizer))
        return parts

    def _timed(self, work: Callable[[], None]) -> float:
        began = time.perf_counter()
        work()
        self.side.synchronise()
        return time.perf_counter() - began

    def _forward(self) -> None:
        side = self.side
        if self.optimizer is None:
            with self.keeping():
                self.outputs = side.call_model()
            return
        self.loss = next(iter(side.losses_of(side.call_model()).values()))

    def keeping(self) -> contextlib.AbstractContextManager[Any]:
        """A context in which what a backward pass needs is kept only where one follows, or is asked for."""
        keeps = self.keeps_graph or self.optimizer is not None
        return contextlib.nullcontext() if keeps else self.side.without_gradients()

    def settings(self) -> dict[str, str]:
        """What decides the speed beyond the code, as it is during a call."""
        with self.keeping():
            return self.side.settings()

    def close(self) -> None:
        """Switch everything back."""
        self.stack.close()


def start_timing(
    side: Side, inputs: str, mode: Mode, switches: list[str], outputs: str, dtype: str
) -> TimingStarted:
    """Make the model ready and call it once, which may compile; `outputs` names a trace for what it gives."""
    if side.timed is not None:
        side.timed.close()
    compiled = side.compiled()
    side.timed = TimedModel(side, Path(inputs), mode, switches, dtype)
    began = time.perf_counter()
    side.timed.call()
    first = time.perf_counter() - began
    if outputs:
        _keep_outputs(side, side.timed, Path(outputs))
    return TimingStarted(first, side.compiled() - compiled, side.timed.settings())


def _keep_outputs(side: Side, timed: TimedModel, path: Path) -> None:
    found: Arrays = {
        f"output:{key or '0'}": np.array(side.tensors.to_array(tensor))
        for key, tensor in flatten(timed.outputs, side.tensors.is_tensor)
    }
    with TraceWriter(path, {"kind": "output"}) as writer:
        for address, array in found.items():
            writer.add(address, array)


def warm_up(side: Side, seconds: float) -> WarmedUp:
    """Call until the last calls are as fast as those before them, for `seconds` at most."""
    timed = _timed(side)
    found: list[float] = []
    began, compiled = time.perf_counter(), -1
    while True:
        found.append(sum(timed.call().values()))
        steady = len(found) >= _FEWEST_WARM_UPS and halves_agree(found[-8:]) and side.compiled() == compiled
        compiled = side.compiled()
        if steady or time.perf_counter() - began > seconds:
            return WarmedUp(len(found), steady)


def time_block(side: Side, seconds: float) -> BlockTimed:
    """Call for so many seconds, twice at least; the seconds of every call by part."""
    timed = _timed(side)
    found: dict[str, list[float]] = {}
    began = time.perf_counter()
    while len(next(iter(found.values()), [])) < 2 or time.perf_counter() - began < seconds:
        for part, took in timed.call().items():
            found.setdefault(part, []).append(took)
    return BlockTimed(found)


def measure_memory(side: Side) -> MemoryUsed:
    """The highest memory of the process in one call, without what we keep there; what the allocator holds."""
    timed = _timed(side)
    reset_peak()
    side.device_peak(reset=True)
    timed.call()
    ours = sum(array.nbytes for array in [*side.loaded_state.values(), *side._input_arrays.values()])
    return MemoryUsed(peak_bytes() - ours, side.device_peak() or side.allocator_bytes())


def _timed(side: Side) -> TimedModel:
    timed: TimedModel = side.require_timed()
    return timed


VERBS: tuple[Callable[..., Any], ...] = (start_timing, warm_up, time_block, measure_memory)
