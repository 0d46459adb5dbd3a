"""Finds the names of Jittor that a source file uses, from its text alone."""

from __future__ import annotations

import ast
import warnings
from pathlib import Path
from typing import NamedTuple

ROOT = "jittor"


class Use(NamedTuple):
    """One place where a file uses a name of Jittor, such as jittor.nn.pool."""

    name: str
    line: int


def uses(path: Path) -> list[Use]:
    """Every use of a name of Jittor, once a line, in the order of the lines; none in what is no Python."""
    tree = _parsed(path)
    known = _imported(tree)
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = _dotted(node.func, known)
            if name is not None and name.partition(".")[0] == ROOT:
                found.add(Use(name, node.lineno))
    return sorted(found, key=lambda use: (use.line, use.name))


def _parsed(path: Path) -> ast.Module:
    """A file as Python reads it, without its warnings; an empty one where it cannot."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(path.read_bytes(), str(path))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _imported(tree: ast.Module) -> dict[str, str]:
    """What the names that a file imports stand for."""
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                known[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return known


def _dotted(node: ast.expr, known: dict[str, str]) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in known:
        return None
    return ".".join([known[node.id], *parts])
