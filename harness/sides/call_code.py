"""Runs one module's own code with parts of it changed; the modules that it calls return what they did."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Tuple

import numpy as np

from harness import address as addresses
from harness.answers import CodeListed, CodeTried
from harness.errors import BadInput
from harness.pairs.base import Mode
from harness.requests import AMPLE, Edit
from harness.sides.code_values import Watch
from harness.sides.in_time import in_time
from harness.sides.loss_code import code_with_values, in_code
from harness.sides.masks import Position
from harness.sides.model_code import OwnFunction, functions_that_run
from harness.sides.module_state import ModuleState
from harness.sides.one_thread import one_thread
from harness.sides.recorder import Recorder, Rehearsal, flatten, named_arguments
from harness.sides.side import Side
from harness.trace import Trace

_Call = Tuple[str, int]
_BODY = ("forward", "execute")


@dataclass
class KeptCall:
    """The call of a module whose code makes a wanted tensor, and what the modules that it calls returned."""

    inputs: str
    mode: Mode
    wanted: addresses.LayerAddress
    module: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    position: Position | None
    earlier: dict[str, int]
    """How often each module was called before."""
    state: ModuleState
    """What the module, and all in it, held when the call began."""
    called: dict[_Call, Any] = field(default_factory=dict)
    code: list[OwnFunction] = field(default_factory=list)
    versions: list[tuple[Any, Any]] = field(default_factory=list)


class _Found(BaseException):
    """The wanted tensor has come up."""

    def __init__(self, tensor: Any) -> None:
        super().__init__()
        self.tensor = tensor


class _Around(Recorder):
    """Learns whose call makes a tensor: the module's own, or that of the module around it."""

    def __init__(self, side: Side, wanted: addresses.LayerAddress) -> None:
        super().__init__(side.tensors, side.layers, Rehearsal(), side.breadcrumb)
        self.wanted = wanted
        self.around: _Call | None = wanted.module_call if wanted.is_operation else None

    def enter(self, path: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Note who calls the wanted one."""
        outer = self.frames[-1] if self.frames else None
        super().enter(path, args, kwargs)
        frame = self.frames[-1]
        if (frame.path, frame.call) == self.wanted.module_call and not self.wanted.is_operation:
            maker = frame if self.wanted.role == "out" else outer
            self.around = None if maker is None else (maker.path, maker.call)


class _Keeper(Recorder):
    """Keeps what a call is given, and what the modules that its own code calls return."""

    def __init__(self, side: Side, around: _Call) -> None:
        super().__init__(side.tensors, side.layers, Rehearsal(), side.breadcrumb)
        self.side, self.around = side, around
        self.given: tuple[tuple[Any, ...], dict[str, Any], Position | None] | None = None
        self.state: ModuleState | None = None
        self.earlier: dict[str, int] = {}
        self.called: dict[_Call, Any] = {}

    def enter(self, path: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Keep what the call is given."""
        super().enter(path, args, kwargs)
        if (self.frames[-1].path, self.frames[-1].call) == self.around:
            self.given = args, dict(kwargs), self.side.masks.position()
            self.state = ModuleState(self.side, _modules_in(self.side, path))
            self.earlier = dict(self._calls)

    def leave(self, result: Any) -> Any:
        """Keep what a module returns to the code of the call."""
        frame = self.frames[-1]
        result = super().leave(result)
        if self.frames and (self.frames[-1].path, self.frames[-1].call) == self.around:
            self.called[frame.path, frame.call - self.earlier.get(frame.path, 0)] = result
        return result


class _Operations(Recorder):
    """Ends a call at the operation that is given, or makes, the wanted tensor."""

    def __init__(self, side: Side, wanted: addresses.LayerAddress) -> None:
        super().__init__(side.tensors, side.layers, Rehearsal(), side.breadcrumb)
        self.wanted = wanted
        self.counts: Counter[str] = Counter()

    def enter(self, path: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """A module is called, which is none of its business."""

    def leave(self, result: Any) -> Any:
        """A module has returned."""
        return result

    def observes_operation(self) -> bool:
        """Every operation that does not run inside another one."""
        return not self.inside_operation

    def operation(
        self, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Run it, or end here."""
        path = f"{self.wanted.module}/{name}.{self.counts[name]}"
        self.counts[name] += 1
        self.inside_operation = True
        try:
            if path != self.wanted.path:
                return function(*args, **kwargs)
            value = named_arguments(function, args, kwargs)
            if self.wanted.role == "out":
                value = {"": function(*args, **kwargs)}
            raise _Found(list(flatten(value, self.tensors.is_tensor))[int(self.wanted.key or 0)][1])
        finally:
            self.inside_operation = False


def list_code(side: Side, inputs: str, mode: Mode, wanted: str) -> CodeListed:
    """The functions of a module's own code that make the tensor at an address; the call is kept."""
    place = addresses.parse_layer(wanted)
    around = _Around(side, place)
    side.prepare(inputs, mode, "float32")
    side.forward(mode, Rehearsal(), "all", observe=True, recorder=around)
    if around.around is None:
        raise BadInput(f"no module's code makes {wanted}")
    keeper = _Keeper(side, around.around)
    side.prepare(inputs, mode, "float32")
    side.forward(mode, Rehearsal(), "all", observe=True, recorder=keeper)
    if keeper.given is None or keeper.state is None:
        raise BadInput(f"the {side.name} side never makes the call {around.around} of {wanted}")
    args, kwargs, position = keeper.given
    path = "" if around.around[0] == addresses.ROOT else around.around[0]
    module = dict(side.modules())[path]
    earlier, called = dict(keeper.earlier), dict(keeper.called)
    kept = KeptCall(inputs, mode, place, module, args, kwargs, position, earlier, keeper.state, called)
    side.kept_call = kept
    kept.versions = _versions(side, kept)

    def run() -> None:
        with contextlib.suppress(_Found):
            _run(side, kept)

    kept.code = functions_that_run(run)
    watch = Watch(side.tensors.is_tensor, side.tensors.to_array, lambda: 0)
    code = code_with_values(kept.code, watch, run)
    kept.state.put_back()
    return CodeListed(f"{around.around[0]}#{around.around[1]}", code)


def _modules_in(side: Side, path: str) -> list[Any]:
    """A module and all in it."""
    return [module for own, module in side.modules() if not path or addresses.lies_in(own, path)]


def _versions(side: Side, kept: KeptCall) -> list[tuple[Any, Any]]:
    tensors = flatten([kept.args, kept.kwargs, list(kept.called.values())], side.tensors.is_tensor)
    return [(tensor, getattr(tensor, "_version", None)) for _, tensor in tensors]


def _run(side: Side, kept: KeptCall) -> Any:
    """Run the code of the call, as it was when that began, until the wanted tensor comes up."""
    kept.state.put_back()
    wanted = kept.wanted
    if kept.position is not None:
        side.masks.go_to(kept.position)
    observed: Any = contextlib.nullcontext()
    if wanted.is_operation:
        observed = side.observed(_Operations(side, wanted))
    with side.without_gradients(), observed, _replaying(side, kept):
        return kept.module(*kept.args, **kept.kwargs)


@contextlib.contextmanager
def _replaying(side: Side, kept: KeptCall) -> Iterator[None]:
    """In here, the modules that the call calls return what they did."""
    modules = dict(side.modules())
    counts: Counter[str] = Counter()
    changed: list[tuple[Any, str]] = []
    paths = {path for path, _ in kept.called}
    if kept.wanted.role == "in" and not kept.wanted.is_operation:
        paths.add(kept.wanted.path)
    try:
        for path in paths:
            module = modules[path]
            body = next(name for name in _BODY if hasattr(module, name))
            if module is not kept.module and body not in vars(module):
                setattr(module, body, _replayed(side, kept, path, counts, getattr(module, body)))
                changed.append((module, body))
        yield
    finally:
        for module, body in changed:
            delattr(module, body)


def _replayed(
    side: Side, kept: KeptCall, path: str, counts: Counter[str], plain: Callable[..., Any]
) -> Callable[..., Any]:
    wanted = kept.wanted
    own = wanted.call - kept.earlier.get(path, 0)

    def body(*args: Any, **kwargs: Any) -> Any:
        number = counts[path]
        counts[path] += 1
        if wanted.role == "in" and (wanted.path, own) == (path, number):
            given = {**{str(place): value for place, value in enumerate(args)}, **kwargs}
            raise _Found(dict(flatten(given, side.tensors.is_tensor))[wanted.key])
        return kept.called[path, number] if (path, number) in kept.called else plain(*args, **kwargs)

    return body


def try_code(side: Side, trials: list[list[Edit]], wanted: str, seconds: float = AMPLE) -> list[CodeTried]:
    """How far the tensor is from the one in a file, under each list of edits of the code."""
    with Trace.open(Path(wanted)) as trace:
        array = np.array(trace.array("input:wanted"), np.float64)
    found: list[CodeTried] = []
    for edits in in_time(trials, seconds):
        kept: Any = side.kept_call
        if kept is None:
            raise BadInput("there is no code to try: list it first")
        with one_thread():
            found.append(_tried(side, kept, edits, array))
        if any(getattr(tensor, "_version", None) != count for tensor, count in kept.versions):
            list_code(side, kept.inputs, kept.mode, addresses.layer(*kept.wanted))
    side.kept_call.state.put_back()
    return found


def _tried(side: Side, kept: KeptCall, edits: Sequence[Edit], wanted: Any) -> CodeTried:
    try:
        with in_code(kept.code, edits):
            result = _run(side, kept)
        if kept.wanted.role != "out" or kept.wanted.is_operation:
            return CodeTried(error="the tensor does not come up")
        tensor = dict(flatten(result, side.tensors.is_tensor))[kept.wanted.key]
    except _Found as found:
        tensor = found.tensor
    except Exception as error:  # code that does not run is an answer, too
        return CodeTried(error=f"{type(error).__name__}: {error}"[:200])
    own = np.asarray(side.tensors.to_array(tensor), np.float64)
    if own.shape != wanted.shape:
        return CodeTried(error=f"shape {own.shape}")
    return CodeTried(float(np.linalg.norm(own - wanted)))


VERBS: tuple[Callable[..., Any], ...] = (list_code, try_code)
