"""Captures one call of one layer of a side, describes it, and repeats it with something changed."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from harness.answers import CallDescription, TrialDone
from harness.errors import BadInput
from harness.layer_note import Attributes
from harness.own_name import command
from harness.pairs.base import Arrays, Mode
from harness.requests import AMPLE, CallChange
from harness.sides.captured_call import CallCapture, CapturedCall, held_by
from harness.sides.constructor import constructor_arguments
from harness.sides.contract import NamedTensors
from harness.sides.in_time import in_time
from harness.sides.operations import other_operation
from harness.sides.recorder import Rehearsal, flatten, map_tensors
from harness.sides.side import Side
from harness.trace import Trace, TraceWriter


def capture_call(side: Side, inputs: str, mode: Mode, path: str, call: int) -> CapturedCall:
    """Run the model and keep one call; BadInput where the model never makes it."""
    side.prepare(inputs, mode, "float32")
    recorder = CallCapture(
        side.tensors,
        side.layers,
        side.breadcrumb,
        dict(side.modules()),
        wanted=(path, call),
        masks=side.masks,
    )
    side.forward(mode, Rehearsal(), "all", observe=True, recorder=recorder)
    if recorder.captured is None:
        raise BadInput(
            f"the {side.name} side never makes call {call} of {path}; `{command('show')}` lists the layers"
        )
    recorder.captured.drawn = side.masks.drawn_in(path, call)
    return recorder.captured


def write_call(side: Side, call: CapturedCall, path: Path) -> None:
    """Write the inputs of a captured call, the parameters of its module, and what its dropouts drew."""
    with TraceWriter(path, {"captured": call.path}) as writer:
        given = [*((str(place), value) for place, value in enumerate(call.args)), *call.kwargs.items()]
        for key, tensor in flatten(dict(given), side.tensors.is_tensor):
            writer.add(f"input:{key}", side.tensors.to_array(tensor))
        for name, array in call.state.items():
            writer.add(f"state:{name}", array)
        for number, numbers in enumerate(call.drawn):
            writer.add(f"draw:{number}", numbers)


def own_state(side: Side, module: Any) -> NamedTensors:
    """The tensors of a module by name."""
    return {name: value for name, value in module.state_dict().items() if side.tensors.is_tensor(value)}


@contextlib.contextmanager
def repeated_call(side: Side, call: CapturedCall, change: CallChange) -> Iterator[Any]:
    """The result of the changed call, by the masks of the run; the change is undone at the end."""
    call = _given_others(side, call, change)
    if call.position is not None:
        side.masks.go_to(call.position)
    if call.module is None and change.kind:
        tensors = [value for _, value in flatten([*call.args], side.tensors.is_tensor)]
        yield other_operation(change.kind, call.function, tensors[0])(*call.args, **call.kwargs)
        return
    if call.module is None:
        yield _call_function(_given_its_result(call) if change.twice else call, change.changes)
        return
    if change.kind:
        yield _as_another_kind(call, change.kind)(*call.args, **call.kwargs)
        return
    args = tuple(value for place, value in enumerate(call.args) if str(place) not in change.without)
    own = own_state(side, call.module)
    before = held_by(call.module, side.tensors)
    kept = {name: getattr(call.module, name) for name in change.changes}
    mode = getattr(call.module, "training", None)
    try:
        side.fill(own, {**_updated(call.state, before), **_changed_state(change)})
        for name, value in change.changes.items():
            setattr(call.module, name, tuple(value) if isinstance(value, list) else value)
        if change.training is not None and mode is not None:
            call.module.train(change.training)
        made = call.module(*args, **call.kwargs)
        yield call.module(made, *args[1:], **call.kwargs) if change.twice else made
    finally:
        for name, value in kept.items():
            setattr(call.module, name, value)
        if mode is not None:
            call.module.train(mode)
        side.fill(own, before)


def _given_its_result(call: CapturedCall) -> CapturedCall:
    """The call of a function with what it returns in the place of its first argument."""
    made = call.function(*call.args, **call.kwargs)
    return replace(call, args=(made, *call.args[1:]))


def _given_others(side: Side, call: CapturedCall, change: CallChange) -> CapturedCall:
    """The call with other tensors in the place of those that it was given."""
    if not change.given:
        return call
    with Trace.open(Path(change.given)) as stored:
        given = {name.partition(":")[2]: np.array(_whole(stored, name)) for name in stored.records}

    def other(key: str, tensor: Any) -> Any:
        return side.leaf(given[key], tensor, False)[1] if key in given else tensor

    return call.with_tensors(side.tensors.is_tensor, other)


def _updated(held: Arrays, now: Arrays) -> Arrays:
    """What the run has changed since the call, as it was."""
    return {name: array for name, array in held.items() if not np.array_equal(array, now[name])}


def _as_another_kind(call: CapturedCall, kind: str) -> Any:
    """A layer of another class of the same package, made with the arguments that both classes have."""
    made = getattr(import_module(type(call.module).__module__), kind)
    wanted = list(inspect.signature(made.__init__).parameters)[1:]
    return made(**{name: getattr(call.module, name) for name in wanted if hasattr(call.module, name)})


def _call_function(call: CapturedCall, changes: Mapping[str, Any]) -> Any:
    if any(name.isdigit() for name in changes):
        args = [changes.get(str(place), value) for place, value in enumerate(call.args)]
        named = {name: value for name, value in changes.items() if not name.isdigit()}
        return call.function(*args, **{**call.kwargs, **named})
    try:
        signature = inspect.signature(call.function)
    except (TypeError, ValueError):
        return call.function(*call.args, **{**call.kwargs, **changes})
    if any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in signature.parameters.values()):
        return call.function(*call.args, **{**call.kwargs, **changes})
    unknown = [name for name in changes if name not in signature.parameters]
    if unknown:
        raise TypeError(f"{call.path} takes no {', '.join(unknown)}")
    bound = signature.bind(*call.args, **call.kwargs)
    bound.arguments.update(changes)
    return call.function(*bound.args, **bound.kwargs)


def try_changes(
    side: Side, call: CapturedCall, trials: list[CallChange], folder: Path, seconds: float = AMPLE
) -> list[TrialDone]:
    """Repeat a call once for each trial and write the results; a trial that fails says why."""
    answers: list[TrialDone] = []
    for number, trial in in_time(enumerate(trials), seconds):
        path = folder / f"trial-{number}.h5"
        try:
            with side.without_gradients(), repeated_call(side, call, trial) as result:
                found = dict(flatten(result, side.tensors.is_tensor))
        except Exception as error:  # a value that the layer does not take is an answer, too
            answers.append(failed_trial(error))
            continue
        with TraceWriter(path, {"trial": number}) as writer:
            for key, tensor in found.items():
                writer.add(f"output:{key or '0'}", side.tensors.to_array(tensor))
        answers.append(TrialDone(trace=str(path)))
    return answers


def failed_trial(error: Exception) -> TrialDone:
    """A trial that the layer did not take."""
    return TrialDone(error=f"{type(error).__name__}: {error}"[:200])


def _changed_state(change: CallChange) -> Arrays:
    if not change.state:
        return {}
    with Trace.open(Path(change.state)) as stored:
        return {name.partition(":")[2]: _whole(stored, name) for name in stored.records}


def _whole(stored: Trace, name: str) -> Any:
    array = stored.array(name)
    assert array is not None  # what we wrote is whole
    return array


def describe_call(side: Side, call: CapturedCall) -> CallDescription:
    """How to make the call by hand."""
    if call.module is None:
        function = call.function
        space = getattr(function, "__module__", None) or "torch"
        name = f"{space}.{getattr(function, '__name__', call.path)}"
        return CallDescription(call.path, name, False, *_call_arguments(side, call))
    kind = type(call.module)
    name = f"{kind.__module__}.{kind.__name__}"
    made = constructor_arguments(call.module)
    return CallDescription(call.path, name, True, *_call_arguments(side, call), made=made)


def _call_arguments(side: Side, call: CapturedCall) -> tuple[list[Any], Attributes]:
    def named(key: str, tensor: Any) -> Any:
        return {"tensor": key}

    args = [
        map_tensors(value, side.tensors.is_tensor, named, str(place)) for place, value in enumerate(call.args)
    ]
    kwargs = {
        name: map_tensors(value, side.tensors.is_tensor, named, name) for name, value in call.kwargs.items()
    }
    return args, {name: value for name, value in kwargs.items() if value is not None}
