"""The PyTorch side: the reference."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch._C import DisableTorchFunction
from torch.overrides import TorchFunctionMode

from harness.answers import Description
from harness.breadcrumb import Breadcrumb
from harness.forms import fitted, same_shape
from harness.older_python import strict_zip, without_prefix
from harness.pairs.base import Arrays, Mode
from harness.requests import UpstreamModel
from harness.sides import torch_switches
from harness.sides.contract import NamedTensors
from harness.sides.description import installed
from harness.sides.dropout import is_dropout
from harness.sides.framework_code import TORCH
from harness.sides.operations import canonical, draws
from harness.sides.perturbation import Perturbation
from harness.sides.recorder import Layer, Recorder
from harness.sides.side import Side
from harness.sides.state import check_state
from harness.sides.torch_dropout import NoDropout
from harness.sides.torch_layer_times import TorchBackwardClock
from harness.sides.torch_masks import shared_dropout
from harness.state_table import StateEntry, StateTable, tied

OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}


class TorchTensors:
    """Torch tensors as the recorder needs them."""

    def __init__(self) -> None:
        self.on_gradient: Callable[[str, NDArray[Any]], None] = lambda address, array: None

    def is_tensor(self, value: Any) -> bool:
        """Whether this is a torch tensor."""
        return isinstance(value, Tensor)

    def to_array(self, tensor: Tensor) -> NDArray[Any]:
        """Its values in host memory; a view where the tensor lies there already."""
        plain = tensor.detach()
        if plain.dtype == torch.bfloat16:  # numpy has none
            plain = plain.float()
        array: NDArray[Any] = plain.cpu().resolve_conj().resolve_neg().numpy()
        return array

    def recorded_as(self, tensor: Tensor) -> str | None:
        """The address noted on the tensor itself, unless it was changed in place since."""
        version, address = getattr(tensor, "_align_recorded", (None, None))
        return address if version == tensor._version else None

    def remember(self, tensor: Tensor, address: str) -> None:
        """Note the address on the tensor itself, so that nothing is kept alive."""
        tensor._align_recorded = (tensor._version, address)  # type: ignore[attr-defined]

    def watch_gradient(self, tensor: Tensor, address: str) -> None:
        """Hand on the gradient as soon as autograd has it."""
        if tensor.requires_grad:
            tensor.register_hook(lambda gradient: self.on_gradient(address, self.to_array(gradient)))


class _Operations(TorchFunctionMode):
    """Tells the recorder of every torch function called between modules."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        plain = getattr(func, "__name__", "")
        if draws(plain):
            self.recorder.note_draw(plain)
        if not self.recorder.observes_operation():
            return func(*args, **given)
        name = canonical(plain) or (plain if self.recorder.observes_too(plain) else None)
        if name is None:
            return func(*args, **given)
        return self.recorder.operation(name, func, args, given)


class TorchSide(Side):
    """Holds a PyTorch model."""

    name = "torch"

    def __init__(self, device: str, breadcrumb: Breadcrumb) -> None:
        super().__init__(device, breadcrumb)
        if device == "cuda":
            if not torch.cuda.is_available():
                raise RuntimeError(f"torch {torch.__version__} finds no CUDA device")
            torch.backends.cuda.matmul.allow_tf32 = False
            torch.backends.cudnn.allow_tf32 = False
            torch.backends.cudnn.benchmark = False
            torch.set_deterministic_debug_mode(
                "warn"
            )  # the other call imports a compiler, which takes a second
        self.tensors: TorchTensors = TorchTensors()
        self.model: nn.Module
        self._target = torch.device(device)

    def versions(self) -> dict[str, str]:
        """Torch, and CUDA with what decides its rounding."""
        versions = installed("torch")
        if self.device == "cuda":
            versions["cuda"] = str(torch.version.cuda)
            versions["cudnn"] = str(torch.backends.cudnn.version())
            versions["tf32"] = str(torch.backends.cuda.matmul.allow_tf32 or torch.backends.cudnn.allow_tf32)
            versions["deterministic"] = str(torch.are_deterministic_algorithms_enabled())
        return versions

    def device_name(self) -> str:
        """The card's name, or cpu with its capability."""
        if self.device == "cuda":
            return torch.cuda.get_device_name()
        told = getattr(getattr(torch.backends, "cpu", None), "get_cpu_capability", None)  # since PyTorch 2.0
        return f"cpu ({told()})" if told else "cpu"

    def modules(self) -> Iterator[tuple[str, nn.Module]]:
        """Every module, once, by its first path."""
        return iter(self.model.named_modules())

    def layer_of(self, module: nn.Module) -> Layer:
        """Modules of torch itself are layers; what stands between modules of the user's is recorded too."""
        builtin = type(module).__module__ in TORCH
        return Layer(type(module).__name__, builtin, leaf=next(module.children(), None) is None)

    def build(self, pair: str, variant: str, upstream: UpstreamModel | None = None) -> Description:
        """Make the model and move it to the device."""
        super().build(pair, variant, upstream)
        self.model.to(self._target)
        return self.describe()

    def state_table(self) -> StateTable:
        """The state dict's keys, shapes, dtypes, and whether training changes them by gradient."""
        trainable = {name for name, value in self.model.named_parameters() if value.requires_grad}
        held = self.model.state_dict(keep_vars=True)
        same = tied(held.items())
        return [
            StateEntry(
                key,
                tuple(value.shape),
                without_prefix(str(value.dtype), "torch."),
                key in trainable,
                same.get(key, ""),
            )
            for key, value in held.items()
        ]

    def write_state(self, arrays: Arrays) -> None:
        """Copy every array into the model, strictly."""
        own = self.model.state_dict()
        check_state(self.name, {key: tuple(value.shape) for key, value in own.items()}, arrays)
        with torch.no_grad():
            # In the order given: of tied weights the last one stays.
            for key, array in arrays.items():
                fitting = fitted(key, np.ascontiguousarray(array), own[key].shape)
                own[key].copy_(torch.from_numpy(fitting))

    def read_state(self) -> Arrays:
        """The state dict as arrays."""
        return {key: np.array(value.detach().cpu().numpy()) for key, value in self.model.state_dict().items()}

    def set_mode(self, mode: Mode) -> None:
        """Switch the whole model, then dropout off and, when frozen, norms to their running statistics."""
        self.model.train(mode != "eval")
        for module in self.model.modules():
            frozen = mode == "frozen" and isinstance(module, nn.modules.batchnorm._BatchNorm)
            silent = is_dropout(module) and self.masks.silences(self.paths.get(id(module), ""))
            if silent or frozen:
                module.training = False

    def dropping(self) -> contextlib.AbstractContextManager[Any]:
        """Torch's functions drop by the masks, or nothing."""
        return shared_dropout(self.masks, lambda: self.paths) if self.masks.shared else NoDropout()

    def seed(self, seed: int) -> None:
        """On every device."""
        torch.manual_seed(seed)

    def to_tensors(self, arrays: Arrays, dtype: str) -> NamedTensors:
        """Arrays on the device; floating ones in `dtype`."""
        tensors = {}
        for name, array in arrays.items():
            tensor = torch.from_numpy(np.array(array)).to(self._target)
            tensors[name] = tensor.to(getattr(torch, dtype)) if tensor.is_floating_point() else tensor
        return tensors

    def cast(self, dtype: str) -> None:
        """Change parameters and floating buffers to `dtype`."""
        self.model.to(getattr(torch, dtype))

    def without_gradients(self) -> contextlib.AbstractContextManager[Any]:
        """No graph is kept."""
        return torch.no_grad()

    @contextlib.contextmanager
    def observed(self, recorder: Recorder) -> Iterator[None]:
        """The recorder sees the call of every module and of every torch function in between."""
        paths = self.paths
        plain = nn.Module.__call__

        def call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            path = paths.get(id(module))
            if path is None:
                return plain(module, *args, **kwargs)
            inside = contextlib.nullcontext() if recorder.looks_into(path) else DisableTorchFunction()
            with DisableTorchFunction():  # what the recorder itself asks of tensors is none of its business
                recorder.enter(path, args, kwargs)
            with inside:
                recorder.starts()
                result = plain(module, *args, **kwargs)
            with DisableTorchFunction():
                return recorder.leave(result)

        nn.Module.__call__ = call  # type: ignore[method-assign]
        try:
            with _Operations(recorder):
                yield
        finally:
            nn.Module.__call__ = plain  # type: ignore[method-assign]

    def forward(self, mode: Mode, *args: Any, **kwargs: Any) -> Arrays:
        if mode != "eval":
            for name in self.pair.given(self._inputs):
                if self._inputs[name].is_floating_point():
                    self._inputs[name].requires_grad_(True)
        return super().forward(mode, *args, **kwargs)

    def gradients(self, loss: Tensor, recorder: Recorder | None) -> Arrays:
        """Autograd's gradients; layers' gradients reach the recorder on the way."""
        if recorder is not None:
            self.tensors.on_gradient = lambda address, array: recorder.sink.add(address, array)
        self.model.zero_grad(set_to_none=True)
        loss.backward()
        self.synchronise()
        return {
            name: self.tensors.to_array(value.grad)
            for name, value in self.model.named_parameters()
            if value.grad is not None
        }

    def input_gradients(self, names: list[str]) -> Arrays:
        """What reached the inputs."""
        found = {name: self._inputs[name].grad for name in names}
        return {name: self.tensors.to_array(value) for name, value in found.items() if value is not None}

    def leaf(self, array: NDArray[Any], like: Tensor, learns: bool) -> tuple[Tensor, Tensor]:
        """A new leaf of the array; its copy goes on, since a model may change that in place."""
        made = torch.from_numpy(np.array(array)).to(like.device)
        if like.dtype == torch.bfloat16 or not (made.is_floating_point() or like.is_floating_point()):
            made = made.to(like.dtype)
        if same_shape(made.shape, like.shape):
            made = made.reshape(like.shape)
        if not (learns and made.is_floating_point()):
            return made, made
        made.requires_grad_(True)
        return made, made.clone()

    def fill(self, own: Mapping[str, Tensor], arrays: Arrays) -> None:
        """Copy in place."""
        with torch.no_grad():
            for name, array in arrays.items():
                own[name].copy_(torch.from_numpy(fitted(name, np.array(array), own[name].shape)))

    def gradients_from(
        self, loss: Tensor | None, given: list[tuple[Tensor, NDArray[Any]]], leaves: Mapping[str, Tensor]
    ) -> Arrays:
        """Autograd from all results at once; the graph is cut between them."""
        begun = [] if loss is None else [(loss, torch.ones_like(loss))]
        for tensor, gradient in given:
            fitting = fitted("what a gradient is given for", np.array(gradient), tensor.shape)
            begun.append((tensor, torch.from_numpy(fitting).to(tensor)))
        begun = [(tensor, gradient) for tensor, gradient in begun if tensor.requires_grad]
        targets: dict[str, Tensor] = {f"grad:{name}": value for name, value in self.model.named_parameters()}
        targets.update({f"grad_input:{name}": self._inputs[name] for name in self.pair.given(self._inputs)})
        targets = {name: value for name, value in {**targets, **leaves}.items() if value.requires_grad}
        found = torch.autograd.grad(
            [tensor for tensor, _ in begun],
            list(targets.values()),
            [gradient for _, gradient in begun],
            allow_unused=True,
        )
        reached = {name: value for name, value in strict_zip(targets, found) if value is not None}
        # A leaf that nothing gives anything back to has a gradient of zero, as in Jittor.
        nothing = {name: torch.zeros_like(leaf) for name, leaf in leaves.items() if name in targets}
        return {name: self.tensors.to_array(value) for name, value in {**nothing, **reached}.items()}

    def gradient_of_leaf(self, loss: Tensor, leaf: Tensor) -> NDArray[Any]:
        """One gradient, with the graph kept."""
        if not loss.requires_grad:  # all that it comes of is detached, or made zeros and ones
            return self.tensors.to_array(torch.zeros_like(leaf))
        (found,) = torch.autograd.grad(loss, leaf, retain_graph=True, allow_unused=True)
        return self.tensors.to_array(torch.zeros_like(leaf) if found is None else found)

    def synchronise(self) -> None:
        """Wait for the card."""
        if self.device == "cuda":
            torch.cuda.synchronize()

    def compute(self, tensors: list[Tensor]) -> None:
        """Torch computes at once; wait for the card."""
        self.synchronise()

    def device_peak(self, reset: bool = False) -> int:
        """Peak of the caching allocator."""
        if self.device != "cuda":
            return 0
        if reset:
            torch.cuda.reset_peak_memory_stats()
        return torch.cuda.max_memory_allocated()

    def compiled(self) -> int:
        """Torch compiles nothing here."""
        return 0

    def make_optimizer(
        self, kind: str | None = None, options: Mapping[str, Any] | None = None
    ) -> torch.optim.Optimizer:
        """The recipe's optimiser over all parameters that learn."""
        recipe = self.pair.recipe
        learning = [value for value in self.model.parameters() if value.requires_grad]
        given = {**recipe.options, **(options or {})}
        return OPTIMIZERS[kind or recipe.optimizer](learning, lr=recipe.lr, **given)

    def hand_gradients(self, arrays: Arrays) -> None:
        """Set them."""
        for name, value in self.model.named_parameters():
            array = arrays.get(name)
            value.grad = (
                None if array is None else torch.from_numpy(fitted(name, array, value.shape)).to(value)
            )

    def begin_at(self, optimizer: torch.optim.Optimizer, count: int) -> None:
        """Moments of zero, and the count."""
        for group in optimizer.param_groups:
            for value in group["params"]:
                moments = {name: torch.zeros_like(value) for name in ("exp_avg", "exp_avg_sq")}
                optimizer.state[value] = {"step": torch.tensor(float(count)), **moments}

    def apply_step(self, optimizer: torch.optim.Optimizer, lr: float) -> None:
        """Set the rate and step."""
        for group in optimizer.param_groups:
            group["lr"] = lr
        optimizer.step()

    def as_users_run_it(self, trains: bool) -> contextlib.AbstractContextManager[None]:
        """Without the deterministic algorithms that a comparison asks for."""
        if trains:
            self.model.train()
        return torch_switches.not_deterministic()

    def backward_only(self, loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
        """Autograd; gradients stay on the parameters."""
        optimizer.zero_grad(set_to_none=True)
        loss.backward()

    def step_only(self, optimizer: torch.optim.Optimizer) -> None:
        """Torch's step."""
        optimizer.step()

    def learns(self, tensor: Tensor) -> bool:
        """As torch says."""
        return tensor.requires_grad

    def backward_clock(self) -> TorchBackwardClock:
        """Torch's."""
        return TorchBackwardClock(self)

    def switched(self, name: str) -> contextlib.AbstractContextManager[None]:
        """One optimisation of torch's."""
        return torch_switches.switched(self, name)

    def settings(self) -> dict[str, str]:
        """Threads, precision, determinism."""
        return torch_switches.settings(self)

    def allocator_bytes(self) -> int:
        """On the CPU torch keeps no count."""
        return torch.cuda.max_memory_reserved() if self.device == "cuda" else 0

    def perturbation(self, seed: int, strength: Perturbation) -> Callable[[Tensor], Tensor]:
        """A rounding-sized random change of every element and every channel, the same for the same seed.

        Whole numbers alone, such as a mask or a count, are no rounded result and stay as they are.
        """
        generator = torch.Generator().manual_seed(seed)
        ulp = torch.finfo(torch.float32).eps

        def draw(shape: torch.Size, ulps: float) -> Tensor:
            return (2 * torch.rand(shape, generator=generator) - 1) * (ulps * ulp)

        def alter(tensor: Tensor) -> Tensor:
            if not tensor.is_floating_point():
                return tensor
            channels = torch.Size([*tensor.shape[:2], *(1 for _ in tensor.shape[2:])])
            with DisableTorchFunction():  # within a dropout, this would be a draw of its own
                if bool((tensor == tensor.round()).all()):
                    return tensor
                change = 1 + draw(tensor.shape, strength.element) + draw(channels, strength.channel)
                return tensor * change.to(tensor)

        return alter
