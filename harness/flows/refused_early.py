"""What cannot be built is refused before a side starts: a module that is not there, a class that it lacks.

Nothing is imported. Only what is certain is refused: a module that makes names while it runs may have them,
and what another interpreter has installed is not looked into.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path

from harness import own_packages
from harness.case import REFERENCE, SIDES
from harness.environment.interpreters import interpreter
from harness.errors import BadInput, NoEnvironment
from harness.layer_map import LayerMap
from harness.pairs.base import Pair
from harness.spelling import perhaps

_LARGEST = 10_000_000
_MADE_WHILE_RUNNING = ("__path__", "sys.modules", "meta_path", "__getattr__", "globals(", "setattr(", "exec(")


def require_modules(pair: Pair, sides: Sequence[str] = SIDES) -> None:
    """Refuse a pair whose module, or class of a module, is certainly not there, or whose map is no use."""
    for side in sides:
        if _is_ours(side):
            _require(pair.reference if side == REFERENCE else pair.port)
    if pair.layer_map is not None:
        LayerMap.read(pair.layer_map)


def _is_ours(side: str) -> bool:
    try:
        return interpreter(side) == Path(sys.executable)
    except NoEnvironment:  # the side says so itself, when it starts
        return False


def _require(name: str) -> None:
    module, _, attribute = name.partition(":")
    found = _found(module)
    if found is not None and attribute and (source := _source(found)) is not None:
        _require_name(module, attribute, source)


def _found(name: str) -> ModuleSpec | None:
    """Where a module lies, found as the import would; None where only the import can tell."""
    top, *inner = name.split(".")
    spec, path = _top(top), top
    for part in inner:
        source = None if spec is None else _source(spec)
        if spec is None or source is None or any(word in source for word in _MADE_WHILE_RUNNING):
            return None
        places = list(spec.submodule_search_locations or ())
        path = f"{path}.{part}"
        spec = PathFinder.find_spec(part, places)
        if spec is None:
            raise BadInput(_missing(path, part, places))
    return spec


def _top(name: str) -> ModuleSpec | None:
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None:
        raise BadInput(_missing(name, name, sys.path))
    return spec if spec.has_location else None


def _missing(name: str, part: str, places: Sequence[str]) -> str:
    error = ModuleNotFoundError(name=name)
    return (
        f"the module {name} cannot be imported: there is none{perhaps(part, set(_beside(places)))}"
        f"{own_packages.clash(error)}. Looked in {Path.cwd()} and in what is installed"
    )


def _beside(places: Sequence[str]) -> Iterator[str]:
    """The modules that lie in some folders."""
    for place in places:
        try:
            yield from (path.stem for path in Path(place).iterdir() if path.suffix == ".py" or path.is_dir())
        except OSError:
            continue


def _source(spec: ModuleSpec) -> str | None:
    """The text of a module; empty for a folder alone, None where it has none that can be read."""
    if spec.origin is None:
        return ""
    path = Path(spec.origin)
    try:
        small = path.suffix == ".py" and path.stat().st_size <= _LARGEST
        return path.read_text("utf-8") if small else None
    except (OSError, ValueError):
        return None


def _require_name(module: str, attribute: str, source: str) -> None:
    if any(word in source for word in _MADE_WHILE_RUNNING):
        return
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # the import says it better
    names = set(_names(tree))
    if attribute in names or "*" in names:
        return
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    has = f"it has {', '.join(classes[:20])}" if classes else "it has no class at all"
    raise BadInput(f"the module {module} has no class {attribute}{perhaps(attribute, classes)}; {has}")


def _names(tree: ast.AST) -> Iterator[str]:
    """Every name that a module binds anywhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
