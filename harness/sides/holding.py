"""One call of one layer held still, so that it can be tried again with something changed."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import address as addresses
from harness.errors import BadInput
from harness.pairs.base import Arrays, Mode
from harness.sides.describing import attributes_of
from harness.sides.forcing import replaced
from harness.sides.recorder import Recorder, Rehearsal, flatten
from harness.trace import Trace, TraceWriter

if TYPE_CHECKING:
    from harness.sides.base import Side


@dataclass
class Held:
    """A module or a function, and what it was called with."""

    path: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    module: Any = None


class Holding(Recorder):
    """Runs a model and keeps the one call that is asked for."""

    def __init__(self, side: Side, path: str, call: int) -> None:
        super().__init__(side.tensors, side.layers, Rehearsal(), side.breadcrumb)
        self.wanted = path, call
        self.found = {module_path or addresses.ROOT: module for module_path, module in side.modules()}
        self.held: Held | None = None

    def enter(self, path: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Keep the call of a module."""
        super().enter(path, args, kwargs)
        frame = self._stack[-1]
        if (frame.path, frame.call) == self.wanted:
            module = self.found[frame.path]
            self.held = Held(frame.path, module, args, dict(kwargs), module)

    def operation(
        self, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Keep the call of a function."""
        frame = self._stack[-1]
        path = f"{frame.path}/{name}.{frame.operations[name]}"
        if (path, frame.call) == self.wanted:
            self.held = Held(path, function, args, dict(kwargs))
        return super().operation(name, function, args, kwargs)


def hold(side: Side, inputs: str, mode: Mode, path: str, call: int) -> Held:
    """Run the model and keep one call; BadInput where it never comes about."""
    side._prepare(inputs, mode, "float32")
    recorder = Holding(side, path, call)
    side._forward(mode, Rehearsal(), "all", observe=True, recorder=recorder)
    if recorder.held is None:
        raise BadInput(
            f"the {side.name} side never makes call {call} of {path}; `align show` lists the layers"
        )
    return recorder.held


def write_held(side: Side, held: Held, path: Path) -> None:
    """Write what a held call is given, and the parameters of its module."""
    with TraceWriter(path, {"held": held.path}) as writer:
        given = [*((str(place), value) for place, value in enumerate(held.args)), *held.kwargs.items()]
        for key, tensor in flatten(dict(given), side.tensors.is_tensor):
            writer.add(f"input:{key}", side.tensors.to_array(tensor))
        if held.module is not None:
            for name, tensor in own_state(side, held.module).items():
                writer.add(f"state:{name}", side.tensors.to_array(tensor))


def own_state(side: Side, module: Any) -> dict[str, Any]:
    """The tensors of a module by name."""
    return {name: value for name, value in module.state_dict().items() if side.tensors.is_tensor(value)}


def again(side: Side, held: Held, changes: Mapping[str, Any], state: Arrays, training: bool | None) -> Any:
    """Make the held call with attributes, or arguments, and parameters changed."""
    with changed(side, held, changes, state, training) as result:
        return result


@contextlib.contextmanager
def changed(
    side: Side, held: Held, changes: Mapping[str, Any], state: Arrays, training: bool | None
) -> Iterator[Any]:
    """What the changed call returns, while the change lasts."""
    if held.module is None:
        yield _call(held, changes)
        return
    own = own_state(side, held.module)
    before = {name: side.tensors.to_array(own[name]).copy() for name in own}
    kept = {name: getattr(held.module, name) for name in changes}
    mode = getattr(held.module, "training", None)
    try:
        side.fill(own, state)
        for name, value in changes.items():
            setattr(held.module, name, tuple(value) if isinstance(value, list) else value)
        if training is not None and mode is not None:
            held.module.train(training)
        yield held.module(*held.args, **held.kwargs)
    finally:
        for name, value in kept.items():
            setattr(held.module, name, value)
        if mode is not None:
            held.module.train(mode)
        side.fill(own, before)


def _call(held: Held, changes: Mapping[str, Any]) -> Any:
    try:
        signature = inspect.signature(held.function)
    except (TypeError, ValueError):
        return held.function(*held.args, **{**held.kwargs, **changes})
    unknown = [name for name in changes if name not in signature.parameters]
    if unknown:
        raise TypeError(f"{held.path} takes no {', '.join(unknown)}")
    bound = signature.bind(*held.args, **held.kwargs)
    bound.arguments.update(changes)
    return held.function(*bound.args, **bound.kwargs)


def try_again(side: Side, held: Held, trials: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """Make every trial and write what came of it; one that cannot be made says why."""
    answers: list[dict[str, Any]] = []
    for number, trial in enumerate(trials):
        try:
            with side.without_gradients():
                result = again(side, held, trial.get("changes", {}), state_of(trial), trial.get("training"))
        except Exception as error:  # a value that the layer does not take is an answer, too
            answers.append({"error": f"{type(error).__name__}: {error}"[:200]})
            continue
        path = folder / f"trial-{number}.h5"
        with TraceWriter(path, {"trial": number}) as writer:
            for key, tensor in flatten(result, side.tensors.is_tensor):
                writer.add(f"output:{key or '0'}", side.tensors.to_array(tensor))
        answers.append({"trace": str(path)})
    return answers


def state_of(trial: Mapping[str, Any]) -> Arrays:
    """The parameters that a trial changes."""
    if not trial.get("state"):
        return {}
    with Trace.open(Path(trial["state"])) as stored:
        return {name.partition(":")[2]: _whole(stored, name) for name in stored.records}


def _whole(stored: Trace, name: str) -> Any:
    array = stored.array(name)
    assert array is not None  # what we wrote is whole
    return array


def told(side: Side, held: Held) -> dict[str, Any]:
    """How to make the call by hand: the name of the class or function, and its arguments in order.

    A tensor among the arguments is told as {"tensor": NAME} with the name of the file's `input:` tensor.
    """
    if held.module is None:
        function = held.function
        space = getattr(function, "__module__", None) or "torch"
        name = f"{space}.{getattr(function, '__name__', held.path)}"
        return {"path": held.path, "name": name, "module": False, **_call_arguments(side, held)}
    kind = type(held.module)
    wanted = list(inspect.signature(kind.__init__).parameters)[1:]
    plain = attributes_of(held.module)
    arguments = {name: plain[name] for name in wanted if name in plain}
    if "bias" in wanted:
        arguments["bias"] = getattr(held.module, "bias", None) is not None
    name = f"{kind.__module__}.{kind.__name__}"
    return {"path": held.path, "name": name, "module": True, "made": arguments, **_call_arguments(side, held)}


def _call_arguments(side: Side, held: Held) -> dict[str, Any]:
    def named(key: str, tensor: Any) -> Any:
        return {"tensor": key}

    args = [
        replaced(value, side.tensors.is_tensor, named, str(place)) for place, value in enumerate(held.args)
    ]
    kwargs = {
        name: replaced(value, side.tensors.is_tensor, named, name) for name, value in held.kwargs.items()
    }
    return {"args": args, "kwargs": {name: value for name, value in kwargs.items() if value is not None}}
