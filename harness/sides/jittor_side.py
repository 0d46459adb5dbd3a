"""The Jittor side: the port."""

from __future__ import annotations

import contextlib
import inspect
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jittor as jt
import numpy as np
from jittor import nn, pool
from numpy.typing import NDArray

from harness.answers import Description, Loaded
from harness.breadcrumb import Breadcrumb
from harness.environment import own_python
from harness.errors import BadInput
from harness.forms import fitted, same_shape
from harness.layer_map import LayerMap, PortNames, port_names
from harness.older_python import strict_zip
from harness.pairs.base import Arrays, Mode
from harness.requests import UpstreamModel
from harness.sides import jittor_patches, jittor_switches
from harness.sides.contract import NamedTensors
from harness.sides.description import installed
from harness.sides.dropout import is_dropout
from harness.sides.framework_code import JITTOR
from harness.sides.jittor_calls import called_through
from harness.sides.jittor_dropout import no_dropout
from harness.sides.jittor_layer_times import JittorBackwardClock
from harness.sides.jittor_masks import shared_dropout
from harness.sides.jittor_names import second_name
from harness.sides.operations import function_of, pooling
from harness.sides.recorder import Layer, Recorder
from harness.sides.side import Side
from harness.sides.state import check_state
from harness.state_table import StateEntry, StateTable, tied, tied_keys
from ports_jittor.torchlike import nodes, optim, state
from ports_jittor.torchlike.gradients import gradients

_DOT = re.compile(r"\.")
_CONTAINERS = (nn.Sequential, nn.ModuleList)
OPTIMIZERS = {"adam": optim.Adam, "adamw": optim.AdamW, "sgd": optim.SGD}


def _counts_batches(key: str) -> bool:
    """Whether a key is torch's count of batches, which Jittor's own norms do not keep and do not need."""
    return key.endswith("num_batches_tracked")


def _like(array: NDArray[Any], variable: Any) -> NDArray[Any]:
    """An array of floating numbers in the element type of a variable; any other as it is."""
    kind = str(variable.dtype)
    if array.dtype.kind != "f" or kind == "bfloat16":
        return array
    return array.astype(kind, copy=False)


def _reached(names: Iterable[str], found: Sequence[Any]) -> NamedTensors:
    """The gradients that there are, by name; those of other targets stand behind and are left out."""
    return {name: value for name, value in zip(names, found) if value is not None}


class JittorTensors:
    """Jittor variables as the recorder needs them."""

    def __init__(self) -> None:
        self.addresses: dict[int, str] = {}
        self.watched: list[tuple[str, Any]] = []

    def is_tensor(self, value: Any) -> bool:
        """Whether this is a Jittor variable."""
        return isinstance(value, jt.Var)

    def to_array(self, tensor: Any) -> NDArray[Any]:
        """Its values, computed now; a view of Jittor's own memory on the CPU."""
        tensor.sync()
        array = tensor.data if not jt.flags.use_cuda else tensor.numpy()
        return np.asarray(array)

    def recorded_as(self, tensor: Any) -> str | None:
        """The address noted for this node of Jittor's graph; its number is never used again."""
        return self.addresses.get(nodes.number(tensor))

    def remember(self, tensor: Any, address: str) -> None:
        """Note the address by the node's number, so that nothing is kept alive."""
        self.addresses[nodes.number(tensor)] = address

    def watch_gradient(self, tensor: Any, address: str) -> None:
        """Keep the variable: Jittor computes gradients only for variables that are named.

        It is kept by a name of its own, since an operation in place lets the model's name mean its result.
        """
        if not tensor.is_stop_grad() and tensor.dtype.is_float():
            self.watched.append((address, second_name(tensor)))


class JittorSide(Side):
    """Holds a Jittor model."""

    name = "jittor"
    _learning: list[str]  # the parameters that training changes, each by one name

    def __init__(self, device: str, breadcrumb: Breadcrumb) -> None:
        super().__init__(device, breadcrumb)
        self.tensors: JittorTensors = JittorTensors()
        jt.flags.use_cuda = int(device == "cuda")
        if home := os.environ.get("JITTOR_HOME"):  # none is set where a user's own program has started Jittor
            jt.flags.python_path = str(own_python(Path(home)))
        self._gradients: NamedTensors = {}
        self.names = PortNames()
        self._other_names = {kind: name for name, kind in vars(nn).items() if inspect.isclass(kind)}

    def versions(self) -> dict[str, str]:
        """Jittor, its compiler, and whether oneDNN serves its convolutions."""
        versions = installed("jittor")
        versions["compiler"] = str(jt.flags.cc_type)
        versions["onednn"] = str(bool(jt.compile_extern.use_mkl))
        if self.device == "cuda":
            versions["nvcc"] = str(jt.flags.nvcc_path)
        return versions

    def device_name(self) -> str:
        """The device Jittor computes on."""
        return "cuda" if self.device == "cuda" else "cpu"

    def modules(self) -> Iterator[tuple[str, Any]]:
        """Every module, once; the inner parts of Jittor's own layers are not layers."""
        seen: set[int] = set()
        closed: set[str] = set()
        for path, module in self.model.named_modules():
            if id(module) in seen or any(path[: dot.start()] in closed for dot in _DOT.finditer(path)):
                continue
            seen.add(id(module))
            if self._is_builtin(module) and not isinstance(module, _CONTAINERS):
                closed.add(path)
            yield self.names.path(path), module

    def take_names(self) -> None:
        """The reference's, where the pair has a layer map."""
        self.names = PortNames()
        if self.pair.layer_map is not None:
            rules, keys = LayerMap.read(self.pair.layer_map), state.torch_state_table(self.model)
            self.names = port_names(rules, [path for path, _ in self.modules()], keys)

    def _is_builtin(self, module: Any) -> bool:
        return type(module).__module__ in JITTOR

    def layer_of(self, module: Any) -> Layer:
        """Layers of Jittor and of torchlike are leaves, containers apart."""
        builtin = self._is_builtin(module)
        leaf = not isinstance(module, _CONTAINERS) if builtin else not module.children()
        return Layer(self._class_name(type(module)), builtin, leaf)

    def _class_name(self, kind: type) -> str:
        """The name a user writes: Jittor makes nn.ReLU from a class that calls itself relu."""
        if vars(nn).get(kind.__name__) is kind:
            return kind.__name__
        return self._other_names.get(kind, kind.__name__)

    def state_table(self) -> StateTable:
        """The state dict's keys, shapes, dtypes, and whether training changes them by gradient."""
        same = tied(self.named_variables())
        return [
            StateEntry(key, tuple(shape), dtype, key in self._learning, same.get(key, ""))
            for key, (shape, dtype) in self._named_table().items()
        ]

    def _named_table(self) -> dict[str, tuple[tuple[int, ...], str]]:
        table = state.torch_state_table(self.model)
        return {self.names.key(key): described for key, described in table.items()}

    def named_variables(self) -> list[tuple[str, Any]]:
        """Each key of the state with its variable, those first under which tied weights learn."""
        named = [(self.names.key(key), value) for key, value in state.named_variables(self.model)]
        return sorted(named, key=lambda entry: entry[0] not in self._learning)

    def load(self, state: str) -> Loaded:
        """Fill the model; tied weights go by the key that comes first in the state, as on the reference."""
        done = super().load(state)
        place = {key: number for number, key in enumerate(self.loaded_state)}
        for keys in set(tied_keys(self.state_table()).values()):
            first = min(keys, key=lambda key: place.get(key, len(place)))
            self._learning = [first if name in keys else name for name in self._learning]
        return done

    def build(self, pair: str, variant: str, upstream: UpstreamModel | None = None) -> Description:
        """Make the model and note what learns before Jittor's eval() stops every gradient."""
        self._learning = []
        super().build(pair, variant, upstream)
        self._learning = [
            self.names.key(name)
            for name, value in state.named_parameters(self.model)
            if not value.is_stop_grad()
        ]
        return self.describe()

    def _trainable(self) -> NamedTensors:
        named = dict(self.named_variables())
        return {name: named[name] for name in self._learning}

    def write_state(self, arrays: Arrays) -> None:
        """Copy every array into the model, strictly."""
        own = self._named_table()
        given = {key: array for key, array in arrays.items() if key in own or not _counts_batches(key)}
        check_state(self.name, {key: shape for key, (shape, _) in own.items()}, given)
        place = {self.names.key(key): key for key in state.torch_state_table(self.model)}
        state.load_state_dict(self.model, {place[key]: array for key, array in given.items()})

    def read_state(self) -> Arrays:
        """The state dict as arrays, with the reference's keys."""
        return {self.names.key(key): array for key, array in state.torch_state_dict(self.model).items()}

    def set_mode(self, mode: Mode) -> None:
        """Switch the whole model, then dropout off and, when frozen, norms to their running statistics."""
        if mode == "eval":
            self.model.eval()
            return
        self.model.train()
        for module in self.model.modules():
            frozen = mode == "frozen" and hasattr(module, "running_mean")
            silent = is_dropout(module) and self.masks.silences(self.paths.get(id(module), ""))
            if silent or frozen:
                module.is_train = False

    def dropping(self) -> contextlib.AbstractContextManager[Any]:
        """Jittor's dropouts drop by the masks, or nothing."""
        return self._dropping_shared() if self.masks.shared else no_dropout()

    @contextlib.contextmanager
    def _dropping_shared(self) -> Iterator[None]:
        with called_through(self.modules, self._following), shared_dropout(self.masks):
            yield

    def _following(self, plain: Callable[..., Any], own: set[type]) -> Callable[..., Any]:
        """A call that tells the masks of this model's modules."""

        def call(module: Any, *args: Any, **kwargs: Any) -> Any:
            path = self.paths.get(id(module))
            if path is None or type(module) not in own:
                return plain(module, *args, **kwargs)
            self.masks.enter(path)
            try:
                return plain(module, *args, **kwargs)
            finally:
                self.masks.leave()

        return call

    def seed(self, seed: int) -> None:
        """On every device."""
        jt.set_seed(seed)

    def to_tensors(self, arrays: Arrays, dtype: str) -> NamedTensors:
        """Arrays on the device; floating ones in `dtype`."""
        tensors = {}
        for name, array in arrays.items():
            wide = np.ascontiguousarray(array.astype(dtype) if array.dtype.kind == "f" else array)
            tensors[name] = jt.array64(wide) if wide.dtype.itemsize == 8 else jt.array(wide)
        return tensors

    def cast(self, dtype: str) -> None:
        """Change floating parameters and buffers to `dtype`."""
        for value in self.model.state_dict().values():
            if value.dtype.is_float() and str(value.dtype) != dtype:
                stopped = value.is_stop_grad()
                value.assign(value.float64() if dtype == "float64" else value.float32())
                if stopped:
                    value.stop_grad()

    def without_gradients(self) -> contextlib.AbstractContextManager[Any]:
        """No graph is kept."""
        manager: contextlib.AbstractContextManager[Any] = jt.no_grad()
        return manager

    @contextlib.contextmanager
    def observed(self, recorder: Recorder) -> Iterator[None]:
        """The recorder sees the call of every module and of every function in between."""
        self.tensors.watched.clear()
        calls = called_through(self.modules, partial(self._telling, recorder))
        with calls, jittor_patches.operations(recorder, jt.Var):
            yield

    def _telling(self, recorder: Recorder, plain: Callable[..., Any], own: set[type]) -> Callable[..., Any]:
        """A call that tells the recorder of this model's modules of its own classes.

        Modules of other classes come by on their way up and have been reported.
        """

        def call(module: Any, *args: Any, **kwargs: Any) -> Any:
            path = self.paths.get(id(module))
            if path is None:
                return self._call_unnamed(plain, module, recorder, args, kwargs)
            if type(module) not in own:
                return plain(module, *args, **kwargs)
            recorder.enter(path, args, kwargs)
            return recorder.leave(plain(module, *args, **kwargs))

        return call

    def _call_unnamed(
        self,
        plain: Callable[..., Any],
        module: Any,
        recorder: Recorder,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> Any:
        """Call a layer that is no part of the model: made on the spot, it is what a function is."""
        name = self._operation_of(module) if recorder.observes_operation() else None
        if name is None or not jittor_patches.called_by_model(depth=3):
            return plain(module, *args, **kwargs)
        return recorder.operation(name, partial(plain, module), args, kwargs)

    def _operation_of(self, module: Any) -> str | None:
        if not self._is_builtin(module):
            return None
        if isinstance(module, (pool.Pool, pool.Pool3d)):
            return pooling(module.op, 2 if isinstance(module, pool.Pool) else 3)
        return function_of(self._class_name(type(module)))

    def forward(self, mode: Mode, *args: Any, **kwargs: Any) -> Arrays:
        self.tensors.addresses.clear()
        if mode != "eval":
            for name in self.pair.given(self._inputs):
                if self._inputs[name].dtype.is_float():
                    self._inputs[name].start_grad()
        return super().forward(mode, *args, **kwargs)

    def gradients(self, loss: Any, recorder: Recorder | None) -> Arrays:
        """Jittor's gradients of every parameter, every watched layer and the inputs, asked for at once."""
        learning = self._trainable()
        given = {name: self._inputs[name] for name in self.pair.given(self._inputs)}
        inputs = {name: tensor for name, tensor in given.items() if tensor.dtype.is_float()}
        watched = self.tensors.watched if recorder is not None else []
        targets = [*learning.values(), *inputs.values(), *(tensor for _, tensor in watched)]
        reached = gradients(loss, targets, retain_graph=False)
        self._gradients = _reached(learning, reached)
        found = [
            jt.zeros_like(target) if gradient is None else gradient
            for target, gradient in strict_zip(targets, reached)
        ]
        of_parameters = dict(zip(learning, found))
        self._input_gradients = dict(zip(inputs, found[len(learning) :]))
        of_layers = found[len(learning) + len(inputs) :]
        del targets, found, reached
        if recorder is not None:
            self._record_layers(recorder, of_layers)
        # At once: one by one, Jittor walks the whole graph for each.
        jt.sync([*of_parameters.values(), *self._input_gradients.values()])
        return {name: self.tensors.to_array(value) for name, value in of_parameters.items()}

    def _record_layers(self, recorder: Recorder, gradients: list[Any]) -> None:
        """Write the layers' gradients from the loss backwards, letting go of each."""
        while gradients:
            address, _ = self.tensors.watched.pop()
            recorder.sink.add(address, self.tensors.to_array(gradients.pop()))

    def input_gradients(self, names: list[str]) -> Arrays:
        """What reached the inputs."""
        return {
            name: self.tensors.to_array(self._input_gradients[name])
            for name in names
            if name in self._input_gradients
        }

    def leaf(self, array: NDArray[Any], like: Any, learns: bool) -> tuple[Any, Any]:
        """A new variable; a second name of it goes on, since a model may change that in place."""
        wide = np.ascontiguousarray(array)
        if same_shape(wide.shape, like.shape):
            wide = wide.reshape(like.shape)
        made = jt.array64(wide) if wide.dtype.itemsize == 8 else jt.array(wide)
        if str(like.dtype) == "bfloat16":  # numpy has none
            made = made.bfloat16()
        if not (learns and made.dtype.is_float()):
            return made, made
        made.start_grad()
        return made, second_name(made)

    def fill(self, own: Mapping[str, Any], arrays: Arrays) -> None:
        """Assign."""
        for name, array in arrays.items():
            fitting = fitted(name, np.asarray(array), own[name].shape)
            own[name].assign(self.leaf(_like(fitting, own[name]), own[name], learns=False)[0])

    def gradients_from(
        self, loss: Any | None, given: list[tuple[Any, NDArray[Any]]], leaves: Mapping[str, Any]
    ) -> Arrays:
        """Jittor's gradients of one sum in which every result counts with the gradient given for it."""
        total = jt.zeros(1) if loss is None else loss.sum()
        for tensor, gradient in given:
            fitting = _like(fitted("what a gradient is given for", gradient, tensor.shape), tensor)
            total = total + (tensor * self.leaf(fitting, tensor, learns=False)[0].stop_grad()).sum()
        targets = {f"grad:{name}": value for name, value in self._trainable().items()}
        targets.update({f"grad_input:{name}": self._inputs[name] for name in self.pair.given(self._inputs)})
        targets.update(leaves)
        targets = {name: value for name, value in targets.items() if value.dtype.is_float()}
        found = jt.grad(total, list(targets.values()), retain_graph=False)
        jt.sync(found)
        return {name: self.tensors.to_array(value) for name, value in strict_zip(targets, found)}

    def gradient_of_leaf(self, loss: Any, leaf: Any) -> NDArray[Any]:
        """One gradient, with the graph kept."""
        return self.tensors.to_array(jt.grad(loss, leaf, retain_graph=True))

    def synchronise(self) -> None:
        """Compute all that is pending, and wait for the card."""
        jt.sync_all(True)

    def compute(self, tensors: list[Any]) -> None:
        """These alone, and what they need."""
        jt.sync(tensors, True, False)

    def device_peak(self, reset: bool = False) -> int:
        """Jittor's allocator reports no peak; the session samples the card's memory instead."""
        return 0

    def compiled(self) -> int:
        """How many operators lie compiled in the cache."""
        return sum(1 for _ in Path(self.operator_cache()).glob("*.so"))

    def operator_cache(self) -> str:
        """Where Jittor keeps them."""
        return str(Path(jt.flags.cache_path) / "jit")

    def make_optimizer(self, kind: str | None = None, options: Mapping[str, Any] | None = None) -> Any:
        """The recipe's optimiser over all parameters that learn."""
        recipe = self.pair.recipe
        given = {**recipe.options, **(options or {})}
        return OPTIMIZERS[kind or recipe.optimizer](list(self._trainable().values()), lr=recipe.lr, **given)

    def hand_gradients(self, arrays: Arrays) -> None:
        """Keep them for the next step."""
        shapes = {name: value.shape for name, value in self._trainable().items()}
        self._gradients = {
            name: jt.array(fitted(name, np.ascontiguousarray(array), shapes[name]))
            for name, array in arrays.items()
            if name in shapes
        }

    def begin_at(self, optimizer: Any, count: int) -> None:
        """Moments of zero, and the count."""
        for value in self._trainable().values():
            moments = {name: jt.zeros_like(value) for name in ("exp_avg", "exp_avg_sq")}
            optimizer.state[id(value)] = {"step": count, **moments}

    def apply_step(self, optimizer: Any, lr: float) -> None:
        """Set the rate and step with the gradients of the last backward pass."""
        if not self._gradients:
            raise BadInput("a step needs a backward pass first")
        for group in optimizer.param_groups:
            group["lr"] = lr
        optimizer.take_gradients([self._gradients.get(name) for name in self._learning])
        optimizer.step()

    def as_users_run_it(self, trains: bool) -> contextlib.AbstractContextManager[None]:
        """As it is: a comparison sets nothing that makes Jittor slower."""
        if trains:
            self.model.train()
        return contextlib.nullcontext()

    def backward_only(self, loss: Any, optimizer: Any) -> None:
        """Jittor's gradients, computed now."""
        learning = [variable for group in optimizer.param_groups for variable in group["params"]]
        found = gradients(loss, learning, retain_graph=False)
        jt.sync([gradient for gradient in found if gradient is not None])
        optimizer.take_gradients(found)

    def step_only(self, optimizer: Any) -> None:
        """Jittor's step."""
        optimizer.step()

    def learns(self, tensor: Any) -> bool:
        """A floating variable that nothing has stopped."""
        return bool(tensor.dtype.is_float()) and not tensor.is_stop_grad()

    def backward_clock(self) -> JittorBackwardClock:
        """Jittor's."""
        return JittorBackwardClock(self, list(self._trainable().values()))

    def switched(self, name: str) -> contextlib.AbstractContextManager[None]:
        """One optimisation of Jittor's."""
        return jittor_switches.switched(name)

    def settings(self) -> dict[str, str]:
        """Threads, precision, determinism."""
        return jittor_switches.settings(self.model)

    def allocator_bytes(self) -> int:
        """What Jittor's pools have taken from the system so far."""
        memory = jt.core.get_mem_info()
        return int(memory.total_cuda_used if self.device == "cuda" else memory.total_cpu_used)
