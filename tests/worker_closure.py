"""What a worker imports: the files, and whether the Python that runs this program can import them.

    python3.8 tests/worker_closure.py    prints what failed; ends with 0 where nothing did

Nothing needs to be installed there: frameworks are faked, and so are other packages that are missing.
"""

from __future__ import annotations

import ast
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("harness/sides", "harness/pairs", "ports_jittor", "refs_torch")
OURS = ("golden", "harness", "ports_jittor", "refs_torch", "reports", "weight_convert")
FRAMEWORKS = ("torch", "jittor", "jittor_utils")
PROGRAMS = ROOT / "harness" / "sides" / "programs"  # never imported
MAIN_PROCESS = ("harness.session", "harness.config")
"""Modules that only the process of the command line imports; a side's functions for it name them."""


def closure() -> dict[str, Path]:
    """Every module that a worker can import, by name; also what is imported inside functions."""
    waiting = ["harness.worker", *(name_of(path) for room in ROOMS for path in (ROOT / room).rglob("*.py"))]
    found: dict[str, Path] = {}
    while waiting:
        name = waiting.pop()
        path = path_of(name)
        if name in found or path is None or name in MAIN_PROCESS:
            continue
        found[name] = path
        waiting += [name.rpartition(".")[0], *imported(path), *programs(path)]
    return found


def path_of(name: str) -> Path | None:
    """The file of a module of ours."""
    if name.partition(".")[0] not in OURS:
        return None
    place = ROOT.joinpath(*name.split("."))
    files = (place / "__init__.py", place.parent / f"{place.name}.py")
    return next((file for file in files if file.is_file()), None)


def name_of(path: Path) -> str:
    """The name under which a file is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, but for the type checker alone."""
    for node in _run(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _run(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and getattr(child.test, "id", "") == "TYPE_CHECKING"):
            yield child
            yield from _run(child)


def programs(path: Path) -> Iterator[str]:
    """The files beside this one that it starts as programs."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        text = getattr(node, "value", None)
        if isinstance(node, ast.Constant) and isinstance(text, str) and text.endswith(".py"):
            beside = path.parent / text
            if beside.is_file():
                yield name_of(beside)


class _FakeType(type):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _FakeType(name, (Fake,), {})

    def __getitem__(cls, item: Any) -> Any:
        return cls


class Fake(metaclass=_FakeType):
    """Stands in for whatever a missing package holds, where modules use it while they are imported."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return args[0] if len(args) == 1 and callable(args[0]) else Fake()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Fake()

    def __float__(self) -> float:
        return 1.0


class _FakeModule(ModuleType):
    __path__: Any = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _FakeType(name, (Fake,), {})


class _Faking(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, names: set[str]) -> None:
        self._names = names

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname.partition(".")[0] in self._names:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _FakeModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


def others(files: dict[str, Path]) -> set[str]:
    """The packages that these files import from elsewhere: frameworks, and what is not installed."""
    names = {name.partition(".")[0] for path in files.values() for name in imported(path)}
    return {
        name for name in names - set(OURS) if name in FRAMEWORKS or importlib.util.find_spec(name) is None
    }


def main() -> None:
    """Import everything, and print what cannot be."""
    files = closure()
    missing = others(files)
    sys.meta_path.insert(0, _Faking(missing))
    sys.path.insert(0, str(ROOT))
    failed = 0
    for name, path in sorted(files.items()):
        try:
            compile(path.read_bytes(), str(path), "exec")
            if path.parent != PROGRAMS:
                importlib.import_module(name)
        except BaseException as problem:
            failed += 1
            last = traceback.extract_tb(problem.__traceback__)[-1]
            print(f"{name}: {type(problem).__name__}: {problem} ({last.filename}:{last.lineno})")
    print(f"{len(files)} modules, {failed} failed; faked: {' '.join(sorted(missing))}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
