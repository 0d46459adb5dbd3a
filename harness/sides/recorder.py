"""Turns what a side observes while a model runs into the records of a trace.

The recorder knows no framework. The side tells it when a module is entered and left and which operation
ran; it names them, writes each tensor once, and writes a reference where the same tensor comes by again.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from harness import address as addresses
from harness.breadcrumb import Breadcrumb
from harness.layer_choice import ALL, LayerChoice
from harness.layer_note import Attributes
from harness.trace import TensorForm

Array = NDArray[Any]


class Sink(Protocol):
    """Where records go: a trace, or a meter that compares them with one."""

    def add(self, address: str, array: Array, type: str = "") -> None:
        """Take one tensor."""

    def alias(self, address: str, of: str, type: str = "") -> None:
        """Take another address of a tensor already taken."""


class Rehearsal:
    """A sink that keeps no tensor: used to warm up, to learn where a model breaks and what it records."""

    def __init__(self) -> None:
        self.plan: dict[str, TensorForm] = {}
        self.aliases: dict[str, str] = {}

    @property
    def bytes(self) -> int:
        """How much would have been recorded."""
        return sum(form.bytes for form in self.plan.values())

    def add(self, address: str, array: Array, type: str = "") -> None:
        """Note what the tensor is like and drop it."""
        self.plan[address] = TensorForm(array.shape, array.dtype)

    def alias(self, address: str, of: str, type: str = "") -> None:
        """Note the reference."""
        self.aliases[address] = of


class Tensors(Protocol):
    """What the recorder must know of a framework's tensors."""

    def is_tensor(self, value: Any) -> bool:
        """Whether this is one of the framework's tensors."""

    def to_array(self, tensor: Any) -> Array:
        """Its values in host memory, computed now, copied only where they must be."""

    def recorded_as(self, tensor: Any) -> str | None:
        """The address under which this very tensor, unchanged since, was recorded."""

    def remember(self, tensor: Any, address: str) -> None:
        """Note under which address this tensor was recorded."""

    def watch_gradient(self, tensor: Any, address: str) -> None:
        """Record the gradient with respect to this tensor once it is known."""


@dataclass(frozen=True)
class Layer:
    """What the recorder knows of a module before it runs."""

    type: str
    builtin: bool
    leaf: bool


@dataclass
class _Frame:
    path: str
    call: int
    layer: Layer
    recorded: bool
    operations: Counter[str] = field(default_factory=Counter)


def flatten(value: Any, is_tensor: Callable[[Any], bool], key: str = "") -> Iterator[tuple[str, Any]]:
    """Every tensor in nested tuples, lists and dicts, with its key such as `0.boxes`."""
    if is_tensor(value):
        yield key, value
        return
    inner: Iterator[tuple[Any, Any]] | None = None
    if isinstance(value, Mapping):
        inner = iter(value.items())
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        inner = iter(enumerate(value))
    for name, part in inner or ():
        yield from flatten(part, is_tensor, f"{key}.{name}" if key else str(name))


def map_tensors(
    value: Any, is_tensor: Callable[[Any], bool], change: Callable[[str, Any], Any], key: str = ""
) -> Any:
    """The same nested value with every tensor changed; keys are those of `flatten`."""
    if is_tensor(value):
        return change(key, value)

    def inner(name: object, part: Any) -> Any:
        return map_tensors(part, is_tensor, change, f"{key}.{name}" if key else str(name))

    if isinstance(value, dict):
        return type(value)((name, inner(name, part)) for name, part in value.items())
    if isinstance(value, (tuple, list)):
        return _of_kind(value, [inner(place, part) for place, part in enumerate(value)])
    return value


def _of_kind(value: Any, parts: list[Any]) -> Any:
    """A tuple or list of the same class with other parts: torch's own results have names, like `values`."""
    return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)


_LISTED = inspect.Parameter.VAR_POSITIONAL  # such a list has no names for what is in it


@functools.lru_cache(maxsize=1024)
def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def named_arguments(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Attributes:
    """Arguments by name if the function has a signature, otherwise by position."""
    signature = _signature(function)
    if signature is not None:
        with contextlib.suppress(TypeError):
            bound = signature.bind(*args, **kwargs).arguments
            if not any(signature.parameters[name].kind is _LISTED for name in bound):
                return dict(bound)
    return {**{str(place): value for place, value in enumerate(args)}, **kwargs}


class Recorder:
    """Names the calls of one run and hands their tensors to a sink."""

    def __init__(
        self,
        tensors: Tensors,
        layers: Mapping[str, Layer],
        sink: Sink,
        breadcrumb: Breadcrumb,
        *,
        select: str = ALL,
        gradients: bool = False,
        alter: Callable[[Any], Any] | None = None,
    ) -> None:
        self.tensors, self.layers, self.sink = tensors, layers, sink
        self.breadcrumb, self.gradients, self.alter = breadcrumb, gradients, alter
        self.choice = LayerChoice(select)
        self.operation_arguments: dict[str, Attributes] = {}
        self._calls: Counter[str] = Counter()
        self.frames: list[_Frame] = []
        self.inside_operation = False
        self.inside_draw = False
        self.draws: list[str] = []

    def enter(self, path: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """A module is being called."""
        name = path or addresses.ROOT
        layer = self.layers[path]
        self.breadcrumb.drop(name)
        frame = _Frame(name, self._calls[path], layer, self.choice.selects(name, layer.leaf))
        self._calls[path] += 1
        self.frames.append(frame)
        if frame.recorded:
            given = [*((str(place), value) for place, value in enumerate(args)), *kwargs.items()]
            for key, tensor in flatten(dict(given), self.tensors.is_tensor):
                self.save(addresses.layer(name, frame.call, "in", key), tensor, layer.type)

    def starts(self) -> None:
        """The module that was entered begins to compute."""

    def leave(self, result: Any) -> Any:
        """A module has returned: record its result, and return the value for its caller."""
        frame = self.frames.pop()
        if self.alter is not None and frame.layer.leaf and frame.layer.builtin:
            result = self._altered(result)
        if frame.recorded:
            result = self._save_result(frame.path, frame.call, result, frame.layer.type)
        return result

    def note_draw(self, name: str) -> None:
        """Note once that a function which draws at random is called here."""
        path = self.frames[-1].path if self.frames else addresses.ROOT
        if (said := f"{name} in {path}") not in self.draws:
            self.draws.append(said)

    def observes_operation(self) -> bool:
        """Whether an operation that starts now lies between modules, and not inside another operation."""
        return bool(self.frames) and not self.inside_operation and not self.frames[-1].layer.builtin

    def looks_into(self, path: str) -> bool:
        """Whether it wants to be told of the functions that a module calls."""
        return True

    def observes_too(self, name: str) -> bool:
        """Whether a function is told that is no recorded operation."""
        return False

    def operation(
        self, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Run an operation that `observes_operation` and record it as a layer of its own."""
        frame = self.frames[-1]
        path = f"{frame.path}/{name}.{frame.operations[name]}"
        frame.operations[name] += 1
        selected = self.choice.selects(path, is_leaf=False)
        self.inside_operation = True
        try:
            given = named_arguments(function, args, kwargs) if selected else {}
            self._save_inputs(path, frame.call, given, name)  # before it can change them in place
            result = function(*args, **kwargs)
        finally:
            self.inside_operation = False
        first = result[0] if isinstance(result, tuple) and result else result
        if not self.tensors.is_tensor(first):
            return result
        if self.alter is not None and not isinstance(result, tuple) and not _in_place(function, result, args):
            first = result = self._altered(result)
        if selected:
            saved = self._save_result(path, frame.call, first, name)
            result = _of_kind(result, [saved, *result[1:]]) if isinstance(result, tuple) else saved
            self.operation_arguments.setdefault(path, _plain(given))
        return result

    def _save_inputs(self, path: str, call: int, given: Mapping[str, Any], name: str) -> None:
        """Record what an operation is given; most of it stands there already, as what a layer returned.

        The rest comes out of indexing, a reshape, a cast or the like, which are no operations of their own.
        """
        for place, (_, tensor) in enumerate(flatten(given, self.tensors.is_tensor)):
            self.save(addresses.layer(path, call, "in", str(place)), tensor, name)

    def _altered(self, result: Any) -> Any:
        """The result moved a little; what computes the move is no operation of the model."""
        assert self.alter is not None
        if not self.tensors.is_tensor(result):
            return result
        self.inside_operation = True
        try:
            return self.alter(result)
        finally:
            self.inside_operation = False

    def _save_result(self, path: str, call: int, result: Any, type: str) -> Any:
        """Record the result of a layer, and return the value for its caller."""
        for key, tensor in flatten(result, self.tensors.is_tensor):
            fresh = self.save(addresses.layer(path, call, "out", key), tensor, type)
            if fresh and self.gradients:
                self.tensors.watch_gradient(tensor, addresses.layer(path, call, "grad", key))
        return result

    def save(self, address: str, tensor: Any, type: str = "") -> bool:
        """Record a tensor under an address; False where it is one already recorded."""
        known = self.tensors.recorded_as(tensor)
        if known is not None:
            self.sink.alias(address, known, type)
            return False
        self.sink.add(address, self.tensors.to_array(tensor), type)
        self.tensors.remember(tensor, address)
        return True


def _in_place(function: Callable[..., Any], result: Any, args: tuple[Any, ...]) -> bool:
    """Whether a model goes on with the argument, as after `x.mul_(2)`; `x += y` binds x to the result."""
    return any(result is value for value in args) and not getattr(function, "__name__", "").startswith("__")


def plain_value(value: Any) -> bool:
    """Whether a value is an attribute that can be compared and written as JSON."""
    if isinstance(value, (tuple, list)):
        return len(value) <= 8 and all(plain_value(item) for item in value)
    return value is None or isinstance(value, (bool, int, float, str))


def _plain(given: Mapping[str, Any]) -> Attributes:
    return {name: value for name, value in given.items() if plain_value(value) and value is not None}
