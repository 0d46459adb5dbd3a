"""Injects one fault into a model that a side holds, by methods that both frameworks' tensors have."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from harness.answers import FaultDone
from harness.errors import BadInput
from harness.layer_note import Attributes
from harness.sides.faults import BUFFERS, FROZEN, GIVEN, LOSSES, OTHER_MODE, RESULTS, STATES
from harness.sides.recorder import Recorder, flatten, map_tensors
from harness.sides.repeat_call import own_state
from harness.sides.side import Side

# Attributes that may make no difference in a layer: then the layer runs both ways, to see whether they do.
_UNSURE = ("ceil_mode", "count_include_pad", "padding_mode", "align_corners", "mode")


def inject_fault(side: Side, kind: str, path: str, attributes: Attributes) -> FaultDone:
    """Inject a fault of `harness.selftest`; whether anything has changed at all.

    A fault in results shows only after a run whether it changed them: see `fault_effect`.
    """
    side.effect = True
    if kind in LOSSES:
        side.loss_change = LOSSES[kind]
        return FaultDone(True)
    if "/" in path:
        _inject_into_operation(side, kind, path, attributes)
        return FaultDone(True)
    module = dict(side.modules()).get(path)
    if module is None:
        raise BadInput(f"there is no layer {path!r} to inject a fault into")
    if attributes:
        _inject_attributes(side, module, attributes)
        return FaultDone(True)
    if kind in STATES:
        return FaultDone(_change_state(side, path, *STATES[kind]))
    _wrap(side, module, kind)
    return FaultDone(True)


def fault_effect(side: Side) -> FaultDone:
    """Whether the fault injected last has changed anything in the runs since."""
    return FaultDone(side.effect)


def _inject_attributes(side: Side, module: Any, attributes: Attributes) -> None:
    before = {name: getattr(module, name) for name in attributes}
    if set(attributes) & set(_UNSURE):
        method = _method(module)
        plain = getattr(module, method)

        def call(*args: Any, **kwargs: Any) -> Any:
            _set(module, before)
            right = plain(*args, **kwargs)
            _set(module, attributes)
            wrong = plain(*args, **kwargs)
            _note_effect(side, right, wrong)
            return wrong

        side.effect = False
        setattr(module, method, call)
    _set(module, attributes)


def _set(module: Any, attributes: Attributes) -> None:
    for name, value in attributes.items():
        setattr(module, name, value)


def _note_effect(side: Side, right: Any, wrong: Any) -> None:
    """Note whether two results differ in one bit."""
    pairs = zip(flatten(right, side.tensors.is_tensor), flatten(wrong, side.tensors.is_tensor))
    for (_, ours), (_, its) in pairs:
        left, right = np.array(side.tensors.to_array(ours)), np.array(side.tensors.to_array(its))
        if left.shape != right.shape or not np.array_equal(left, right, equal_nan=left.dtype.kind == "f"):
            side.effect = True


def _method(module: Any) -> str:
    return "execute" if hasattr(module, "execute") else "forward"


def _inject_into_operation(side: Side, kind: str, path: str, attributes: Attributes) -> None:
    """Let every call of one operation go wrong while the side is observed."""
    plain = side.observed
    side.effect = kind.endswith("detached") or kind == "gradient doubled"

    @contextlib.contextmanager
    def observed(recorder: Recorder) -> Iterator[None]:
        operation = recorder.operation

        def tell(name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
            frame = recorder.frames[-1]
            if f"{frame.path}/{name}.{frame.operations[name]}" == path:
                recorder.inside_operation = True  # what a fault computes is no operation of the model
                try:
                    function, args, kwargs = _wrong(side, kind, attributes, function, args, kwargs)
                finally:
                    recorder.inside_operation = False
            return operation(name, function, args, kwargs)

        recorder.operation = tell  # type: ignore[method-assign]
        with plain(recorder):
            yield

    side.observed = observed  # type: ignore[method-assign]


def _wrong(
    side: Side, kind: str, attributes: Attributes, function: Callable[..., Any], args: Any, kwargs: Any
) -> tuple[Callable[..., Any], Any, Any]:
    """The operation with another argument, other parts, or another result."""
    if attributes:
        given = inspect.signature(function).bind(*args, **kwargs)
        given.arguments.update(attributes)
        _note_effect(side, function(*args, **kwargs), function(*given.args, **given.kwargs))
        return function, given.args, given.kwargs
    if kind in GIVEN:
        parts = [tensor for _, tensor in flatten((args, kwargs), side.tensors.is_tensor)]
        if len(parts) < 2:
            raise BadInput(f"{kind!r} needs an operation on two tensors or more")
        changed = iter(GIVEN[kind](parts))
        wrong_args, wrong_kwargs = map_tensors(
            (args, kwargs), side.tensors.is_tensor, lambda name, tensor: next(changed)
        )
        if not side.effect:
            _note_effect(side, function(*args, **kwargs), function(*wrong_args, **wrong_kwargs))
        return function, wrong_args, wrong_kwargs
    if kind not in RESULTS:
        raise BadInput(f"{kind!r} is no fault of an operation")
    first = next((tensor for _, tensor in flatten((args, kwargs), side.tensors.is_tensor)), None)

    def call(*args: Any, **kwargs: Any) -> Any:
        right = function(*args, **kwargs)
        wrong = RESULTS[kind](right, first)
        _note_effect(side, right, wrong)
        return wrong

    return call, args, kwargs


def _change_state(side: Side, path: str, name: str, change: Callable[[Any], Any]) -> bool:
    key = f"{path}.{name}"
    before = side.loaded_state[key]
    try:
        after = np.ascontiguousarray(change(before)).astype(before.dtype)
    except (ValueError, IndexError):
        return False
    if after.shape != before.shape or np.allclose(after, before, rtol=1e-6, atol=0):
        return False
    side.loaded_state = {**side.loaded_state, key: after}
    return True


def _wrap(side: Side, module: Any, kind: str) -> None:
    """Let the call of a layer go wrong."""
    method = _method(module)
    plain = getattr(module, method)
    side.effect = kind in ("detached", "gradient doubled") or kind not in RESULTS

    def call(*args: Any, **kwargs: Any) -> Any:
        if kind in RESULTS:
            right = plain(*args, **kwargs)
            wrong = RESULTS[kind](right, args[0] if args else None)
            _note_effect(side, right, wrong)
            return wrong
        if kind in FROZEN:
            return _frozen(module, FROZEN[kind], lambda: plain(*args, **kwargs))
        if kind == OTHER_MODE:
            return _other_mode(module, lambda: plain(*args, **kwargs))
        return _buffers(side, module, kind, args[0], lambda: plain(*args, **kwargs))

    if kind not in (*RESULTS, *FROZEN, *BUFFERS, OTHER_MODE):
        raise BadInput(f"there is no fault {kind!r}")
    setattr(module, method, call)


def _frozen(module: Any, name: str, call: Callable[[], Any]) -> Any:
    kept = getattr(module, name)
    try:
        module.__dict__[name] = kept.detach()
        return call()
    finally:
        module.__dict__[name] = kept


def _other_mode(module: Any, call: Callable[[], Any]) -> Any:
    name = "is_train" if hasattr(module, "is_train") else "training"
    kept = getattr(module, name)
    try:
        setattr(module, name, not kept)
        return call()
    finally:
        setattr(module, name, kept)


def _buffers(side: Side, module: Any, kind: str, given: Any, call: Callable[[], Any]) -> Any:
    """Running statistics that are not updated, or with the biased variance."""
    own = {name: tensor for name, tensor in own_state(side, module).items() if name.startswith("running_")}
    before = {name: side.tensors.to_array(tensor).copy() for name, tensor in own.items()}
    result = call()
    own = {name: tensor for name, tensor in own_state(side, module).items() if name in before}
    after = {name: side.tensors.to_array(tensor).copy() for name, tensor in own.items()}
    wanted = before
    if kind == "variance biased":
        count = int(np.prod(given.shape)) // given.shape[1]
        old = (1 - module.momentum) * before["running_var"]
        biased = old + (after["running_var"] - old) * ((count - 1) / count)
        wanted = {**after, "running_var": biased.astype(np.float32)}
    side.fill(own, wanted)
    return result
