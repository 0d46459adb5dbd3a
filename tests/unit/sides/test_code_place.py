"""The place in the model's own code is told, not that of a framework or of the harness."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import harness.worker
from harness.sides.code_place import place_in_code, place_of_error

FILE = "test_code_place.py"


def module_with(name: str, text: str) -> Any:
    """A module of this name; its file is named like it."""
    found = ModuleType(name)
    exec(compile(text, f"/somewhere/{name.rpartition('.')[2]}.py", "exec"), found.__dict__)
    return found


def forward(inner: Callable[[], Any]) -> Any:
    return inner()


LINE = inspect.getsourcelines(forward)[1] + 1
CALLS = "def inner():\n    return place()\n"
FAILS = "def inner():\n    raise ValueError('no')\n"


@pytest.mark.parametrize(
    "name", ["harness.sides.any", "torch.nn.any", "jittor", "ports_jittor.torchlike.linear"]
)
def test_what_others_run_is_in_the_function_that_called_them(name: str) -> None:
    module = module_with(name, CALLS)
    module.place = place_in_code
    assert forward(module.inner) == f"forward ({FILE}, line {LINE})"


def test_the_program_of_a_worker_is_no_model_and_one_of_a_user_is() -> None:
    module = module_with("__main__", CALLS)
    module.place = place_in_code
    assert forward(module.inner) == "inner (__main__.py, line 2)"
    worker = ModuleType("__main__")
    exec(compile(CALLS, harness.worker.__file__, "exec"), worker.__dict__)
    worker.place = place_in_code  # type: ignore[attr-defined]
    assert forward(worker.inner) == f"forward ({FILE}, line {LINE})"


def test_a_module_of_the_model_is_the_place() -> None:
    module = module_with("ports_jittor.own.assigner", CALLS)
    module.place = place_in_code
    assert forward(module.inner) == "inner (assigner.py, line 2)"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("jittor.nn", f"forward ({FILE}, line {LINE})"), ("own.assigner", "inner (assigner.py, line 2)")],
)
def test_an_error_was_raised_in_the_innermost_function_of_the_model(name: str, expected: str) -> None:
    with pytest.raises(ValueError, match="no") as caught:
        forward(module_with(name, FAILS).inner)
    assert place_of_error(caught.value) == expected


def test_an_error_that_was_never_raised_has_no_place() -> None:
    assert place_of_error(ValueError("no")) == ""
