"""The part that both sides share: build and load a model, run it, record it, take its gradients.

A framework's own side fills in the few steps that need the framework.
"""

from __future__ import annotations

import contextlib
import functools
import os
import platform
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, List

import numpy as np

from harness import json_codec, pairs
from harness.answers import Cost, Description, Identity, Loaded, RunDone
from harness.dropout import NOTE, Draw, DropoutPlan
from harness.errors import BadInput
from harness.layer_note import LayerNote
from harness.pairs.base import Arrays, Mode
from harness.requests import UpstreamModel
from harness.sides.contract import Framework, NamedTensors
from harness.sides.cost import Stopwatch, peak_bytes, reset_peak
from harness.sides.description import attributes_of, build_upstream, differences, installed
from harness.sides.model_source import model_source
from harness.sides.recorder import Recorder, Rehearsal, Sink, flatten
from harness.state_table import changing
from harness.trace import Trace, TraceWriter
from harness.trace_header import TraceHeader

SEED, OTHER_SEED = 20_011, 70_001_003
"""Of every run, and of the bare one: a model that draws gives other outputs then, and is known by that.

Jittor's generator begins alike with 0 and with 1, and next to zero with any small number.
"""


class Side(Framework):
    """One framework holding one model, with the verbs that a worker is asked."""

    def describe(self) -> Description:
        """This worker, and the model that it has built."""
        return Description(self.identity(), list(self.state_table()), self.layer_notes())

    def identity(self) -> Identity:
        """Versions and device."""
        return Identity(
            side=self.name,
            python=platform.python_version(),
            executable=sys.executable,
            platform=platform.machine(),
            versions={**self.versions(), **installed("numpy", "h5py")},
            device=self.device,
            device_name=self.device_name(),
            threads=os.environ.get("OMP_NUM_THREADS", str(len(os.sched_getaffinity(0)))),
            compiled=self.compiled(),
            operator_cache=self.operator_cache(),
        )

    def layer_notes(self) -> dict[str, LayerNote]:
        """The class and the plain attributes of every module."""
        return {
            path or "(model)": LayerNote(
                self.layers[path].type, attributes_of(module), type(module).__module__
            )
            for path, module in self.modules()
        }

    def build(self, pair: str, variant: str, upstream: UpstreamModel | None = None) -> Description:
        """Make the model of a variant, with the weights that its constructor gives it.

        With `upstream`, make the upstream's own network instead.
        """
        self.pair = pairs.find(pair)
        chosen = self.pair.variant(variant)
        if self._built != (pair, variant):
            self.masks.plan = DropoutPlan()
        self.variant, self._built = chosen.name, (pair, variant)
        if upstream is None:
            self.model = self.side_module().build(chosen.name, **chosen.options)
        else:
            self.model = build_upstream(upstream)
        self.take_names()
        self.layers = {path: self.layer_of(module) for path, module in self.modules()}
        self.paths = {id(module): path for path, module in self.modules()}
        self._rehearsed = {}
        self._optimizer = self.training = None
        self.loss_arguments = {}
        self.clear_faults()
        return self.describe()

    def clear_faults(self) -> None:
        """Undo what an injected fault has changed beyond the model itself."""
        self.loss_change, self.effect = lambda loss: loss, False
        self.__dict__.pop("observed", None)

    def side_module(self) -> Any:
        """The module, or the class alone, of this pair that belongs to this framework."""
        name = self.pair.reference if self.name == "torch" else self.pair.port
        return model_source(name, self.tensors.is_tensor)

    def load(self, state: str) -> Loaded:
        """Fill the model with the `state:` tensors of a trace file."""
        with Trace.open(Path(state)) as stored:
            self.loaded_state = {
                address.partition(":")[2]: np.array(stored.array(address))
                for address in stored.records
                if address.startswith("state:")
            }
        self.write_state(self.loaded_state)
        self._bare = None
        return Loaded(len(self.loaded_state))

    def run(
        self,
        inputs: str,
        mode: Mode,
        trace: str | None = None,
        layers: str = "all",
        observe: bool = True,
        compact: bool = False,
        dtype: str = "float32",
        header: TraceHeader | None = None,
        metrics: bool = False,
    ) -> RunDone:
        """Go forward once from the loaded state.

        With `observe` false the model runs untouched: that run shows the bare cost, and the outputs without
        recording. Otherwise every layer is recorded into `trace`, or only computed when no
        trace is named (a rehearsal). In a training mode the trace stays open for `backward`.
        """
        self.prepare(inputs, mode, dtype, seed=SEED if observe else OTHER_SEED)
        rehearsal, kind = Rehearsal(), (mode, layers, dtype)
        room = None
        if observe and trace is not None:
            watch, plan = Stopwatch(), self._rehearsed.get(kind, rehearsal).plan
            given = header.to_dict() if header else {}
            self._writer = TraceWriter(Path(trace), given, compact=compact, plan=plan)
            room = watch.times()
        sink = self._writer or rehearsal
        with self._partial_trace_kept():
            outputs, cost = self._measured(functools.partial(self.forward, mode, sink, layers, observe))
        done = RunDone(cost, self.compiled(), room=room, draws=self.masks.draws)
        if not observe:
            self._bare = outputs
        elif self._writer is None:
            assert self.recorder is not None
            self._rehearsed[kind] = rehearsal
            done = replace(done, bytes=rehearsal.bytes, unmatched=self.recorder.choice.unmatched())
        elif self._bare is not None:
            assert self.recorder is not None
            draws = self.masks.without_masks(self.recorder.draws)
            done = replace(done, observer=differences(self._bare, outputs, draws))
            self._writer.note("observer", json_codec.to_plain(done.observer))
        if metrics and observe:
            self._record_metrics(sink, outputs)
        if self._writer is not None and mode == "eval":
            done = self._finish_trace(done)
        return done

    def prepare(self, inputs: str, mode: Mode, dtype: str, seed: int = SEED) -> None:
        """Load the state again, choose mode and dtype, put the inputs on the device, seed what may draw."""
        self._abandon_trace()
        self.write_state(self.loaded_state)
        self.cast(dtype)
        self.set_mode(mode)
        self.take_inputs(inputs, dtype)
        self.let_pass_go()
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 (what a model draws with)
        self.seed(seed)

    @contextlib.contextmanager
    def _partial_trace_kept(self) -> Iterator[None]:
        """Where the model raises, what was recorded until then stays as an incomplete trace."""
        try:
            yield
        except Exception:  # whatever the model raised goes on; what it recorded is kept
            self._abandon_trace()
            raise

    def _abandon_trace(self) -> None:
        if self._writer is not None:
            self._note_layers(self._writer)
            self._writer.note("side", json_codec.to_plain(self.identity()))
            self._writer.abort()
            self._writer = None

    def take_inputs(self, inputs: str, dtype: str) -> None:
        """Put the `input:` tensors of a trace file on the device."""
        with Trace.open(Path(inputs)) as stored:
            self._input_arrays = stored.inputs()
        self._inputs = self.to_tensors(self._input_arrays, dtype)

    def call_model(self) -> Any:
        """What the model returns for the inputs."""
        return self.model(*(self._inputs[name] for name in self.pair.given(self._inputs)))

    def evaluated(self) -> Arrays:
        """The outputs for the inputs, without a loss and without recording, as `output:KEY`."""
        self.let_pass_go()
        with self.without_gradients():
            return self._collect(self.call_model())

    def let_pass_go(self) -> None:
        """Free what the last pass has left: its losses hold every tensor that a way back would need."""
        self.losses, self.recorder = {}, None

    def losses_of(self, outputs: Any) -> NamedTensors:
        """The named losses of what the model returned; the first one is minimised."""
        losses = getattr(self.model, "losses", None) or self.side_module().losses
        found = losses(outputs, self._inputs, **self.loss_arguments)
        return {name: self.loss_change(loss) for name, loss in found.items()}

    def forward(
        self,
        mode: Mode,
        sink: Sink,
        layers: str,
        observe: bool,
        alter: Callable[[Any], Any] | None = None,
        recorder: Recorder | None = None,
    ) -> Arrays:
        """One forward pass; the outputs in host memory. `recorder` takes the usual one's place."""
        self.masks.restart()
        context: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()
        if observe:
            self.recorder = recorder or Recorder(
                self.tensors,
                self.layers,
                sink,
                self.breadcrumb,
                select=layers,
                gradients=mode != "eval",
                alter=alter,
            )
            for name, tensor in self._inputs.items():
                self.recorder.save(f"input:{name}", tensor)
            context = self.observed(self.recorder)
        with contextlib.nullcontext() if mode != "eval" else self.without_gradients():
            with context:
                outputs = self.call_model()
            if mode != "eval":
                self.losses = self.losses_of(outputs)
        return self._collect(outputs)

    def _collect(self, outputs: Any) -> Arrays:
        arrays: Arrays = {}
        for key, tensor in flatten(outputs, self.tensors.is_tensor):
            address = f"output:{key or '0'}"
            if self.recorder is not None:
                self.recorder.save(address, tensor)
            arrays[address] = np.array(self.tensors.to_array(tensor))
        for name, loss in self.losses.items():
            address = f"loss:{name}"
            arrays[address] = np.array(self.tensors.to_array(loss)).reshape(())
            if self.recorder is not None:
                self.recorder.sink.add(address, arrays[address])
        self.synchronise()
        return arrays

    def _record_metrics(self, sink: Sink, outputs: Arrays) -> None:
        """What the pair measures of its outputs, as one number each."""
        if self.pair.metrics is None:
            raise BadInput(f"{self.pair.name} declares no metrics; judge it by the policy noise or fixed")
        given = {key.partition(":")[2]: array for key, array in outputs.items() if key.startswith("output:")}
        for name, value in self.pair.metrics(given, self._input_arrays).items():
            sink.add(f"metric:{name}", np.asarray(value, np.float64))

    def _measured(self, work: Callable[[], Arrays]) -> tuple[Arrays, Cost]:
        resident = reset_peak()
        self.device_peak(reset=True)
        watch = Stopwatch()
        outputs = work()
        times = watch.times()
        return outputs, Cost(times.wall, times.cpu, max(0, peak_bytes() - resident), self.device_peak())

    def backward(self) -> RunDone:
        """Back-propagate the first loss of the last `run`; gradients and changed buffers go to its trace."""
        if not self.losses:
            raise BadInput("backward needs a run in a training mode first")
        loss = next(iter(self.losses.values()))
        with self._partial_trace_kept():
            _, cost = self._measured(lambda: self._gradients_recorded(loss))
        done = RunDone(cost, self.compiled())
        if self.recorder is not None and isinstance(self.recorder.sink, Rehearsal):
            done = replace(done, bytes=self.recorder.sink.bytes)
        if self._writer is not None:
            done = self._finish_trace(done)
        return done

    def _gradients_recorded(self, loss: Any) -> Arrays:
        gradients = self.gradients(loss, self.recorder)
        if self.recorder is not None:
            self.record_training(self.recorder.sink, gradients)
        return gradients

    def record_training(self, sink: Sink, gradients: Arrays) -> None:
        """Record gradients of parameters and inputs, and the buffers that the pass has changed."""
        for name, gradient in gradients.items():
            sink.add(f"grad:{name}", gradient)
        for name, gradient in self.input_gradients(self.pair.given(self._inputs)).items():
            sink.add(f"grad_input:{name}", gradient)
        parameters = changing(self.state_table())
        for key, array in self.read_state().items():
            if key not in parameters:
                sink.add(f"state:{key}", array)

    def _finish_trace(self, done: RunDone) -> RunDone:
        """Close the trace; the time for that belongs to the cost of recording, too."""
        assert self._writer is not None
        assert self.recorder is not None
        watch = Stopwatch()
        self._note_layers(self._writer)
        self._writer.note(NOTE, json_codec.to_plain(self.masks.noted(), List[Draw]))
        self._writer.note("state", self.state_table())
        self._writer.note("side", json_codec.to_plain(self.identity()))
        self._writer.note("cost", json_codec.to_plain(done.cost))
        self._writer.close()
        self._writer = None
        return replace(done, cost=done.cost.plus(watch.times()))

    def _note_layers(self, writer: TraceWriter) -> None:
        """What every module is, and what operations were given that are no tensors."""
        notes = self.layer_notes()
        for path, arguments in (self.recorder.operation_arguments if self.recorder else {}).items():
            notes[path] = LayerNote(path.rpartition("/")[2].rpartition(".")[0], arguments)
        writer.note("layers", {path: note.to_dict() for path, note in notes.items()})

    def _step_once(self, lr: float | None = None) -> Arrays:
        """One optimiser step with the gradients of the last `backward`."""
        if self._optimizer is None:
            self._optimizer = self.make_optimizer()
        self.apply_step(self._optimizer, self.pair.recipe.lr if lr is None else lr)
        self.synchronise()
        return {}

    def step(self, lr: float) -> None:
        """One optimiser step with the gradients of the last `backward`; the state stays changed."""
        self._step_once(lr)
        self.loaded_state = self.read_state()
