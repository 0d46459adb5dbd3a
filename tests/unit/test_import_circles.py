"""No file imports another that imports it back, not even within a function or for a type checker alone."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tests import ROOT

PACKAGES = ("harness", "reports", "golden", "weight_convert")


def modules(root: Path, packages: tuple[str, ...]) -> dict[str, Path]:
    """Every module below `root` by its name."""
    found = {}
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(path: Path, known: dict[str, Path]) -> set[str]:
    """The known modules that a file imports, wherever in the file that is."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                found.add(inner if inner in known else node.module)
        elif isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
    return found & known.keys()


def circle(root: Path, packages: tuple[str, ...]) -> list[str]:
    """One circle of modules; empty where there is none. A package may offer what its own modules define."""
    known = modules(root, packages)
    graph = {name: imported(path, known) - {name} for name, path in known.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_there_is_no_import_circle() -> None:
    assert circle(ROOT, PACKAGES) == []


def test_a_circle_within_a_function_is_seen(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").touch()
    (tmp_path / "pack" / "one.py").write_text("def go():\n    from pack.two import x\n")
    (tmp_path / "pack" / "two.py").write_text("from pack import one\nx = 1\n")
    assert set(circle(tmp_path, ("pack",))) == {"pack.one", "pack.two"}
