"""Finds the names of Jittor that a source file uses, from its text alone."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path
from typing import NamedTuple

ROOT = "jittor"
_MODULE = "Module"


class Use(NamedTuple):
    """One place where a file uses a name of Jittor, such as jittor.nn.pool."""

    name: str
    line: int


def uses(path: Path) -> list[Use]:
    """Every use of a name of Jittor, once a line, in the order of the lines; none in what is no Python."""
    tree = _parsed(path)
    return _uses(tree, _imported(tree))


def uses_of_built(paths: Iterable[Path], built: Set[str]) -> list[tuple[Path, Use]]:
    """The functions of Jittor that a model can call of which the classes in `built` are layers.

    A layer class of Jittor that the source names is no function: where the model has it, its layers say so.
    Classes of modules that the model has none of, nor of a class derived from them, are passed over.
    """
    trees = {path: _parsed(path) for path in paths}
    bases = {node.name: _bases(node) for tree in trees.values() for node in _classes(tree)}
    modules = {name for name in bases if any(base.endswith(_MODULE) for base in _ancestors(name, bases))}
    needed = {ancestor for name in built & bases.keys() for ancestor in _ancestors(name, bases)}
    found = []
    for path, tree in trees.items():
        known = _imported(tree)
        unused = [node for node in _classes(tree) if node.name in modules - needed]
        skipped = {use for node in unused for use in _uses(node, known)}
        for use in _uses(tree, known):
            if use not in skipped and not use.name.rpartition(".")[2][:1].isupper():
                found.append((path, use))
    return found


def _classes(tree: ast.Module) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def _bases(node: ast.ClassDef) -> list[str]:
    return [base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases]


def _ancestors(name: str, bases: Mapping[str, list[str]]) -> set[str]:
    """A class with all that it derives from, as far as the sources show them."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += bases.get(one, [])
    return found


def _uses(tree: ast.AST, known: Mapping[str, str]) -> list[Use]:
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


def _dotted(node: ast.expr, known: Mapping[str, str]) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in known:
        return None
    return ".".join([known[node.id], *parts])
