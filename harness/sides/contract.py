"""What a framework must provide; the verbs of a side are built on it once, in `harness.sides.side`."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Dict

from numpy.typing import NDArray

from harness.breadcrumb import Breadcrumb
from harness.errors import BadInput
from harness.pairs.base import Arrays, Mode, Pair
from harness.sides.captured_call import CapturedCall
from harness.sides.masks import Masks
from harness.sides.perturbation import Perturbation
from harness.sides.recorder import Layer, Recorder, Rehearsal, Tensors
from harness.state_table import StateTable
from harness.trace import TraceWriter

NamedTensors = Dict[str, Any]
"""Tensors of a framework by name; no framework is imported here to say which class that is."""


class Framework(ABC):
    """One framework holding one model."""

    name: str
    tensors: Tensors

    def __init__(self, device: str, breadcrumb: Breadcrumb) -> None:
        self.device, self.breadcrumb = device, breadcrumb
        self.pair: Pair
        self.variant = ""
        self._built = ("", "")  # the pair and the variant, as they were asked for
        self.model: Any = None
        self.layers: dict[str, Layer] = {}
        self.paths: dict[int, str] = {}
        self.loaded_state: Arrays = {}
        self._bare: Arrays | None = None
        self._writer: TraceWriter | None = None
        self._rehearsed: dict[tuple[str, str, str], Rehearsal] = {}
        self._inputs: NamedTensors = {}
        self._input_arrays: Arrays = {}
        self.losses: NamedTensors = {}
        self.recorder: Recorder | None = None
        self.captured: CapturedCall | None = None
        self.kept: Any = None  # what harness.sides.loss_edits keeps to try a loss again
        self.kept_call: Any = None  # what harness.sides.call_code keeps to try a module's code again
        self.loss_arguments: dict[str, int] = {}  # what the losses get beside outputs and inputs
        self.training: Any = None  # what harness.sides.training holds while a training goes on
        self.timed: Any = None  # the model that is being timed, if any
        self.loss_change: Callable[[Any], Any] = lambda loss: loss
        self.masks = Masks()  # how dropouts drop; nothing until both sides have a plan
        self.effect = False  # whether an injected fault has changed anything

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """The versions of the framework and of the libraries that it computes with."""

    @abstractmethod
    def device_name(self) -> str:
        """What the device is called."""

    @abstractmethod
    def modules(self) -> Iterator[tuple[str, Any]]:
        """Every module that may be recorded, by path; the model itself has the path ''."""

    def take_names(self) -> None:  # noqa: B027 - the reference's names are its own
        """Name the layers of the model just built as its pair says."""

    @abstractmethod
    def layer_of(self, module: Any) -> Layer:
        """What kind of layer a module is."""

    @abstractmethod
    def state_table(self) -> StateTable:
        """The state dict in its order."""

    @abstractmethod
    def write_state(self, arrays: Arrays) -> None:
        """Fill the model strictly; BadInput lists every key that does not fit."""

    @abstractmethod
    def read_state(self) -> Arrays:
        """The model's state, by the keys of the state dict."""

    @abstractmethod
    def set_mode(self, mode: Mode) -> None:
        """Evaluation, training, or training with frozen statistics; silenced dropouts evaluate in all."""

    @abstractmethod
    def dropping(self) -> contextlib.AbstractContextManager[Any]:
        """A context in which the framework's dropouts drop as the masks say, or nothing."""

    @abstractmethod
    def seed(self, seed: int) -> None:
        """Seed the framework's own generators."""

    @abstractmethod
    def to_tensors(self, arrays: Arrays, dtype: str) -> NamedTensors:
        """Arrays as tensors on the device; floating ones in `dtype`."""

    @abstractmethod
    def cast(self, dtype: str) -> None:
        """Compute in `dtype` from now on."""

    @abstractmethod
    def without_gradients(self) -> contextlib.AbstractContextManager[Any]:
        """A context in which nothing is kept for a backward pass."""

    @abstractmethod
    def observed(self, recorder: Recorder) -> contextlib.AbstractContextManager[Any]:
        """A context in which the recorder sees every module call and operation."""

    @abstractmethod
    def gradients(self, loss: Any, recorder: Recorder | None) -> Arrays:
        """Back-propagate; the gradient of each parameter that has one, keyed as in the state dict."""

    @abstractmethod
    def input_gradients(self, names: list[str]) -> Arrays:
        """Gradients with respect to the floating inputs, after `gradients`."""

    @abstractmethod
    def leaf(self, array: NDArray[Any], like: Any, learns: bool) -> tuple[Any, Any]:
        """A new tensor of an array and of its own floating type, and what a model may go on with.

        A single number is put in the shape of `like`, an integer in its type.
        Gradients can be asked for with respect to the first where it `learns`.
        """

    @abstractmethod
    def fill(self, own: Mapping[str, Any], arrays: Arrays) -> None:
        """Copy arrays into tensors of a model; those that are not named keep their values."""

    @abstractmethod
    def gradients_from(
        self, loss: Any | None, given: list[tuple[Any, NDArray[Any]]], leaves: Mapping[str, Any]
    ) -> Arrays:
        """Back-propagate the loss, if any, and, from each `given` tensor, the gradient beside it.

        What reaches the leaves comes under their addresses, the rest as `grad:PARAM` and `grad_input:NAME`.
        """

    def perturbation(self, seed: int, strength: Perturbation) -> Callable[[Any], Any]:
        """A random change of every result, as large as rounding; only the reference can make it."""
        raise BadInput(f"the {self.name} side does not provide the float64 truth: the reference does")

    @abstractmethod
    def synchronise(self) -> None:
        """Wait until everything asked for has been computed."""

    @abstractmethod
    def compute(self, tensors: list[Any]) -> None:
        """Wait until these have been computed."""

    @abstractmethod
    def gradient_of_leaf(self, loss: Any, leaf: Any) -> NDArray[Any]:
        """What the loss gives back to one leaf; what was computed is kept, so that it can be asked again."""

    @abstractmethod
    def device_peak(self, reset: bool = False) -> int:
        """Peak of the allocator's memory on the device, in bytes; 0 on the CPU."""

    @abstractmethod
    def compiled(self) -> int:
        """How many operators have been compiled for this machine; 0 where nothing is compiled."""

    def operator_cache(self) -> str:
        """The folder that compiled operators appear in; empty where nothing is compiled."""
        return ""

    @abstractmethod
    def make_optimizer(self, kind: str | None = None, options: Mapping[str, Any] | None = None) -> Any:
        """The optimiser of the pair's recipe over the model's parameters, or one that deviates from it."""

    @abstractmethod
    def hand_gradients(self, arrays: Arrays) -> None:
        """Let the next step use these gradients; a parameter that is not named has none."""

    @abstractmethod
    def begin_at(self, optimizer: Any, count: int) -> None:
        """Let an Adam believe that it has taken `count` steps already, of nothing."""

    @abstractmethod
    def apply_step(self, optimizer: Any, lr: float) -> None:
        """One step of the optimiser with the gradients of the last backward pass."""

    @abstractmethod
    def as_users_run_it(self, trains: bool) -> contextlib.AbstractContextManager[None]:
        """A context in which the framework runs as users have it; where it `trains`, dropout drops."""

    @abstractmethod
    def backward_only(self, loss: Any, optimizer: Any) -> None:
        """Compute the gradients of all parameters that learn; they stay for the next step."""

    @abstractmethod
    def step_only(self, optimizer: Any) -> None:
        """Take a step with the gradients of `backward_only`."""

    @abstractmethod
    def learns(self, tensor: Any) -> bool:
        """Whether gradients go back through a tensor."""

    @abstractmethod
    def backward_clock(self) -> Any:
        """What watches a pass, at a cost, and then times the layers on its way back."""

    def require_timed(self) -> Any:
        """The model that is ready to be timed."""
        if self.timed is None:
            raise BadInput("no model is ready to be timed: start_timing comes first")
        return self.timed

    @abstractmethod
    def switched(self, name: str) -> contextlib.AbstractContextManager[None]:
        """A context in which one optimisation is on."""

    @abstractmethod
    def settings(self) -> dict[str, str]:
        """What decides the speed beyond the code: threads, precision, determinism."""

    @abstractmethod
    def allocator_bytes(self) -> int:
        """What the framework's allocator holds of the device; 0 where it keeps no count."""
