"""Lets the recorder see the functions and operators a Jittor model calls between its modules.

Jittor has no dispatch to hook into, so the functions are replaced while a run is observed: in Jittor's own
name spaces, on its variables, and wherever a model's module imported them by name.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

from harness.sides.operations import DRAWS, OPERATIONS, spellings
from harness.sides.recorder import Recorder

_UNTOUCHED = ("jittor", "ports_jittor.torchlike", "numpy", "harness")


def _recorded(function: Callable[..., Any], name: str, recorder: Recorder) -> Callable[..., Any]:
    """The same function, telling the recorder when it stands between modules."""

    @functools.wraps(function)
    def tell(*args: Any, **kwargs: Any) -> Any:
        if not recorder.observes_operation():
            return function(*args, **kwargs)
        return recorder.operation(name, function, args, kwargs)

    return tell


def _drawing(function: Callable[..., Any], name: str, recorder: Recorder) -> Callable[..., Any]:
    """The same function, telling the recorder that it draws; what it calls in turn draws for it."""

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


def _watched() -> Iterator[tuple[str, Callable[..., Callable[..., Any]], str]]:
    """Every name to look for, how its function is replaced, and what the recorder calls it."""
    for operation in sorted(OPERATIONS):
        for spelling in spellings(operation):
            yield spelling, _recorded, operation
    for name in DRAWS:
        yield name, _drawing, name


def _importers(
    originals: Mapping[int, Callable[..., Any]],
) -> Iterator[tuple[ModuleType, str, Callable[..., Any]]]:
    """Modules outside the frameworks that hold one of the functions under a name of their own."""
    for name, module in list(sys.modules.items()):
        if module is None or name.startswith(_UNTOUCHED):
            continue
        for attribute, value in list(vars(module).items()):
            if id(value) in originals and callable(value):
                yield module, attribute, value


@contextlib.contextmanager
def operations(recorder: Recorder, spaces: tuple[ModuleType, ...], variable: type) -> Iterator[None]:
    """Replace every recorded operation, and all that draws at random, for as long as the context lasts."""
    undo: list[tuple[Any, str, Any]] = []
    replacements: dict[int, Callable[..., Any]] = {}
    originals: dict[int, Callable[..., Any]] = {}
    for spelling, told, name in _watched():
        for space in (*spaces, variable):
            function = vars(space).get(spelling)
            if function is None or inspect.isclass(function) or not callable(function):
                continue
            originals[id(function)] = function
            replacements.setdefault(id(function), told(function, name, recorder))
            undo.append((space, spelling, function))
    undo.extend(_importers(originals))
    try:
        for place, name, function in undo:
            setattr(place, name, replacements[id(function)])
        yield
    finally:
        for place, name, function in undo:
            setattr(place, name, function)
