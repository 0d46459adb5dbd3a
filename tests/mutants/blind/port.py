"""The port with a mistake: its modules are imported anew, one of them with the edited text.

Importing this makes `tests.mutants.blind.made.NAME` importable, which is the port with the mistake NAME.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

from tests.mutants.blind.mistake import Blind, edited

MADE = "tests.mutants.blind.made"
_OFFERED = ("build", "losses", "own_training")
_known: dict[str, tuple[str, Blind]] = {}


def made(port: str, mistake: Blind) -> str:
    """The name under which the port with a mistake can be imported."""
    _known[f"{MADE}.{mistake.name}"] = port, mistake
    return f"{MADE}.{mistake.name}"


class _Edited(SourceFileLoader):
    """Loads the edited text in the place of the file's."""

    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self.text = text

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.text, self.path, "exec")


class _OneEdited(importlib.abc.MetaPathFinder):
    """Finds the module that a mistake is in."""

    def __init__(self, mistake: Blind) -> None:
        self.mistake = mistake

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.mistake.file:
            return None
        found = PathFinder.find_spec(fullname, path)
        assert found is not None
        assert found.origin is not None
        loader = _Edited(fullname, found.origin, edited(self.mistake))
        places = found.submodule_search_locations
        return importlib.util.spec_from_file_location(
            fullname, found.origin, loader=loader, submodule_search_locations=places
        )


class _Made(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and makes the ports with mistakes."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname in _known else None

    def exec_module(self, module: ModuleType) -> None:
        port = port_with(*_known[module.__name__])
        module.__dict__.update({name: port.__dict__[name] for name in _OFFERED if name in port.__dict__})


@contextmanager
def _apart(prefix: str, kept_as: str) -> Iterator[None]:
    """In here the modules of a port are not the ones that everybody else has.

    They stay loaded under other names: what a module imported by name is recorded where it is loaded.
    """

    def own() -> list[str]:
        return [name for name in sys.modules if name == prefix or name.startswith(f"{prefix}.")]

    before = {name: sys.modules.pop(name) for name in own()}
    try:
        yield
    finally:
        for name in own():
            sys.modules[f"{kept_as}.{name}"] = sys.modules.pop(name)
        sys.modules.update(before)


def port_with(port: str, mistake: Blind) -> ModuleType:
    """The port's module, with the mistake in it or in one that it imports."""
    finder = _OneEdited(mistake)
    with _apart(port, f"{MADE}.{mistake.name}.loaded"):
        sys.meta_path.insert(0, finder)
        try:
            return importlib.import_module(port)
        finally:
            sys.meta_path.remove(finder)


sys.meta_path.append(_Made())
