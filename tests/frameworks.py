"""Which frameworks the tests may use here, and which of them a test module needs."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import os
import re
import signal
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path

from harness.environment import jittor_environment, set_here, warm_up
from harness.errors import NoEnvironment
from harness.sides.jittor_here import import_here

FRAMEWORKS = ("torch", "jittor")
_DEFINITION = re.compile(rb"^(?:async def|def|class|@)", re.MULTILINE)
_NEEDED_BY = {
    "torch": "torch",
    "refs_torch": "torch",
    "harness.sides.torch_side": "torch",
    "jittor": "jittor",
    "ports_jittor": "jittor",
    "harness.sides.jittor_side": "jittor",
}


@cache
def why_not(framework: str) -> str | None:
    """Why `framework` cannot be used here, or None if it can."""
    if importlib.util.find_spec(framework) is None:
        return f"{framework} is not installed: pip install '.[{framework}]'"
    return _why_not_jittor() if framework == "jittor" else None


@cache
def warming_up() -> Future[int]:
    """Start Jittor in a process of its own: there it may compile, and end without a word."""
    environment = {**os.environ, **jittor_environment()}
    return ThreadPoolExecutor(max_workers=1).submit(warm_up, environment, Path(sys.executable))


def warm_up_meanwhile() -> None:
    """Start Jittor while tests that need no framework are collected."""
    if importlib.util.find_spec("jittor") is not None:
        with contextlib.suppress(NoEnvironment):  # `why_not` tells it
            warming_up()


def _why_not_jittor() -> str | None:
    """Start Jittor here, where it has started in a process of its own."""
    try:
        variables = jittor_environment()
        set_here(variables)
        warming_up().result()
    except NoEnvironment as problem:
        return str(problem)
    import_here(variables)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # Jittor ends this process when any child of it is killed
    return None


def imported_by(module: Path) -> set[str]:
    """The frameworks that a test module imports at its top level, itself or through the project's rooms."""
    names = {name for node in _top(module.read_bytes()) for name in _names(node)}
    return {
        framework
        for room, framework in _NEEDED_BY.items()
        if any(name == room or name.startswith(f"{room}.") for name in names)
    }


def _top(source: bytes) -> list[ast.stmt]:
    """Statements up to a module's first function or class. Imports stand there; parsing all is slow."""
    for text in (_DEFINITION.split(source, maxsplit=1)[0], source):  # the first may end within a text
        try:
            return ast.parse(text).body
        except SyntaxError:
            pass
    return []  # pytest reports it better


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []
