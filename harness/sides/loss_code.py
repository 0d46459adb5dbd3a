"""The model's own functions that its losses call, and how other parts stand in their texts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.answers import ModelCode
from harness.requests import Edit
from harness.sides.code_values import Values
from harness.sides.model_code import OwnFunction, changed

CODE = "code"
"""How an edit is called that names a function of the model's code, and changes parts of its text."""


def told(functions: Sequence[OwnFunction], values: dict[str, Values]) -> list[ModelCode]:
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
