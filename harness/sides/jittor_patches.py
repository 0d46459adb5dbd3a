"""Lets the recorder see the functions and operators a Jittor model calls between its modules.

Jittor has no dispatch to hook into, so the functions are replaced while a run is observed: in every name
space of Jittor, on its variables, and wherever a model's module imported them by name. What Jittor's own code
calls in turn is its own business.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from harness.sides.framework_code import JITTOR, FrameworkCode
from harness.sides.operations import canonical, draws, pooling
from harness.sides.recorder import Recorder

if TYPE_CHECKING:
    from typing import TypeGuard

_UNTOUCHED = FrameworkCode(("numpy", "harness", *JITTOR.packages), JITTOR.models)
_POOLING = {"pool": 2, "pool2d": 2, "pool3d": 3}


def called_by_model(depth: int) -> bool:
    """Whether the code so many calls above belongs to a model, and not to Jittor or torchlike."""
    return sys._getframe(depth).f_globals.get("__name__", "") not in JITTOR


def _recorded(function: Callable[..., Any], name: str, recorder: Recorder) -> Callable[..., Any]:
    """The same function; the recorder sees its calls between modules."""

    @functools.wraps(function)
    def tell(*args: Any, **kwargs: Any) -> Any:
        if not recorder.observes_operation() or not called_by_model(depth=2):
            return function(*args, **kwargs)
        return recorder.operation(name, function, args, kwargs)

    return tell


def _pooling(function: Callable[..., Any], name: str, recorder: Recorder) -> Callable[..., Any]:
    """A general pooling, which an argument makes one of the largest or of the mean."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def tell(*args: Any, **kwargs: Any) -> Any:
        kind = str(signature.bind_partial(*args, **kwargs).arguments.get("op"))
        operation = pooling(kind, _POOLING[name])
        if operation is None or not recorder.observes_operation() or not called_by_model(depth=2):
            return function(*args, **kwargs)
        return recorder.operation(operation, function, args, kwargs)

    return tell


def _drawing(function: Callable[..., Any], name: str, recorder: Recorder) -> Callable[..., Any]:
    """The same function; the recorder notes that it draws at random, once for all functions inside it."""

    @functools.wraps(function)
    def tell(*args: Any, **kwargs: Any) -> Any:
        if recorder.inside_draw:
            return function(*args, **kwargs)
        recorder.note_draw(name)
        recorder.inside_draw = True
        try:
            return function(*args, **kwargs)
        finally:
            recorder.inside_draw = False

    return tell


@functools.lru_cache(maxsize=None)
def _watch(spelling: str) -> tuple[Callable[..., Callable[..., Any]], str] | None:
    """How a function of that name is replaced and what the recorder calls it; None where it is not."""
    if spelling in _POOLING:
        return _pooling, spelling
    if draws(spelling):
        return _drawing, spelling
    name = canonical(spelling)
    return None if name is None else (_recorded, name)


def name_spaces() -> list[ModuleType]:
    """Every loaded module of Jittor and of torchlike: users take functions from any of them."""
    return [module for name, module in list(sys.modules.items()) if module is not None and name in JITTOR]


def _is_jittors(function: Any) -> TypeGuard[Callable[..., Any]]:
    """Whether a value is a function of Jittor's own, and not one that it imported from elsewhere."""
    if inspect.isclass(function) or not callable(function):
        return False
    origin = getattr(function, "__module__", None)
    return origin is None or origin in JITTOR


def _importers(
    originals: Mapping[int, Callable[..., Any]],
) -> Iterator[tuple[ModuleType, str, Callable[..., Any]]]:
    """Modules outside the frameworks that hold one of the functions under a name of their own."""
    for name, module in list(sys.modules.items()):
        if module is None or name in _UNTOUCHED:
            continue
        for attribute, value in list(vars(module).items()):
            if id(value) in originals and callable(value):
                yield module, attribute, value


@contextlib.contextmanager
def operations(recorder: Recorder, variable: type) -> Iterator[None]:
    """Replace every recorded operation, and all that draws at random, for as long as the context lasts."""
    undo: list[tuple[Any, str, Any]] = []
    replacements: dict[int, Callable[..., Any]] = {}
    originals: dict[int, Callable[..., Any]] = {}
    for space in (*name_spaces(), variable):
        for spelling, function in list(vars(space).items()):
            watch = _watch(spelling)
            if watch is None or not _is_jittors(function):
                continue
            wrapped, name = watch
            originals[id(function)] = function
            replacements.setdefault(id(function), wrapped(function, name, recorder))
            undo.append((space, spelling, function))
    undo.extend(_importers(originals))
    try:
        for place, name, function in undo:
            setattr(place, name, replacements[id(function)])
        yield
    finally:
        for place, name, function in undo:
            setattr(place, name, function)
