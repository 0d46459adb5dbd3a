"""The functions of a model's own code that run, as they are told, and with other parts in their texts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.answers import ModelCode
from harness.requests import CODE, Edit
from harness.sides.code_values import Values, Watch
from harness.sides.model_code import OwnFunction, changed


def code_with_values(
    functions: Sequence[OwnFunction], watch: Watch, run: Callable[[], Any]
) -> list[ModelCode]:
    """Functions with what their expressions are while something runs; none where that fails when watched."""
    try:
        return _with_values(functions, watch.of(functions, run))
    except Exception:  # code that looks at itself may fail where it is another one: it is left alone
        return []


def _with_values(functions: Sequence[OwnFunction], values: dict[str, Values]) -> list[ModelCode]:
    """Functions with what their expressions are."""
    return [
        ModelCode(
            own.key,
            own.name,
            Path(own.code.co_filename).name,
            own.line,
            own.text,
            list(values[own.key].values()),
        )
        for own in functions
        if values.get(own.key)
    ]


def first_changed(edits: Sequence[Edit]) -> float:
    """How many operations run before the first part of a text that is another one."""
    return min([edit.place for edit in edits if edit.how == CODE], default=float("inf"))


@contextlib.contextmanager
def in_code(functions: Sequence[OwnFunction], edits: Sequence[Edit]) -> Iterator[None]:
    """In here, the parts that edits name stand in the texts of functions."""
    known = {own.key: own for own in functions}
    with contextlib.ExitStack() as stack:
        for edit in edits:
            if edit.how == CODE:
                parts: list[Any] = edit.value
                stack.enter_context(changed(known[edit.path], [(*part,) for part in parts]))
        yield
