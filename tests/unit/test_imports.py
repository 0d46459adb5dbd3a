"""Only a side imports its framework, and imports point in one direction."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT, worker_closure
from tests.older_interpreters import interpreter

FRAMEWORKS = {"torch", "torchvision", "jittor", "jittor_utils"}
FRAMEWORK_FREE = ("harness", "reports", "weight_convert", "golden")
SIDES = ROOT / "harness" / "sides"
WORKERS = ("worker.py", "inline_worker.py")

# Imports everything it is told in a process where a framework cannot be imported; prints what failed.
BLOCKED = """
import importlib, importlib.abc, json, sys

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in FRAMEWORKS:
            raise ImportError(f"{name} is blocked")

FRAMEWORKS = set(json.loads(sys.argv[1]))
sys.meta_path.insert(0, Blocked())
failed = {}
for name in json.loads(sys.argv[2]):
    try:
        importlib.import_module(name)
    except BaseException as problem:
        failed[name] = repr(problem)
print(json.dumps(failed))
"""


def sources(*rooms: str) -> list[Path]:
    """Every Python file of these packages."""
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


def is_framework_file(path: Path) -> bool:
    """Whether a file may hold a framework: harness/sides/[programs/]torch_*.py or jittor_*.py."""
    return path.parent in (SIDES, SIDES / "programs") and path.name.startswith(("torch_", "jittor_"))


def module_name(path: Path) -> str:
    """The name under which a file is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that a file imports, inside functions too, with the line."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: the project imports by full names"
            yield node.lineno, node.module or ""
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in {"import_module", "__import__"}:
                yield node.lineno, str(node.args[0].value)


def offences(paths: list[Path], forbidden: set[str]) -> list[str]:
    """Where a file imports what it may not."""
    return sorted(
        {
            f"{path.relative_to(ROOT)}:{line} imports {name}"
            for path in paths
            for line, name in imports(path)
            if any(name == entry or name.startswith(f"{entry}.") for entry in forbidden)
        }
    )


def test_the_framework_free_rooms_import_without_a_framework() -> None:
    names = [
        module_name(path)
        for path in sources(*FRAMEWORK_FREE)
        if not is_framework_file(path) and path.name != "__main__.py"
    ]
    assert {"harness.address", "harness.worker", "harness.cli", "weight_convert.cli"} <= set(names)
    command = [
        sys.executable,
        "-W",
        "error",
        "-c",
        BLOCKED,
        json.dumps(sorted(FRAMEWORKS)),
        json.dumps(names),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {}


def test_the_block_of_the_test_above_works() -> None:
    command = [sys.executable, "-c", BLOCKED, json.dumps(["tomllib", "numpy"]), json.dumps(["numpy", "json"])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert list(json.loads(done.stdout)) == ["numpy"]


def test_only_sides_import_frameworks() -> None:
    allowed_nothing = [path for path in sources(*FRAMEWORK_FREE) if not is_framework_file(path)]
    assert offences(allowed_nothing, FRAMEWORKS) == []


@pytest.mark.parametrize(
    ("files", "forbidden"),
    [
        pytest.param(
            sorted(SIDES.rglob("torch_*.py")), {"jittor", "jittor_utils", "ports_jittor"}, id="torch side"
        ),
        pytest.param(
            sorted(SIDES.rglob("jittor_*.py")), {"torch", "torchvision", "refs_torch"}, id="jittor side"
        ),
        pytest.param(sources("refs_torch"), {"jittor", "jittor_utils", "ports_jittor"}, id="references"),
        pytest.param(sources("ports_jittor"), {"torch", "torchvision", "refs_torch"}, id="ports"),
    ],
)
def test_each_side_knows_one_framework(files: list[Path], forbidden: set[str]) -> None:
    assert files
    assert offences(files, forbidden) == []


@pytest.mark.parametrize(
    ("room", "forbidden"),
    [
        pytest.param(
            sources("reports"),
            {"harness.sides", "harness.session", "harness.worker", "harness.trace", "harness.cli"},
            id="reports read an alignment and nothing else",
        ),
        pytest.param(
            [path for path in sources("harness") if SIDES not in path.parents and path.name not in WORKERS],
            {"harness.sides"},
            id="sides are reached through a worker alone",
        ),
        pytest.param(
            [path for path in sources("harness") if "cli" not in path.relative_to(ROOT).parts],
            {"harness.cli"},
            id="nothing imports the command line",
        ),
        pytest.param(
            sources("harness/pairs"),
            {f"harness.{name}" for name in ("sides", "session", "worker", "trace", "alignment", "cli")},
            id="pairs are data",
        ),
    ],
)
def test_imports_point_one_way(room: list[Path], forbidden: set[str]) -> None:
    assert room
    assert offences(room, forbidden) == []


@pytest.mark.parametrize("version", ["3.8", "3.9"])
def test_an_older_python_imports_what_a_worker_does(version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} here")
    program = ROOT / "tests" / "worker_closure.py"
    done = subprocess.run(
        [python, "-B", program], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(worker_closure.closure())} modules, 0 failed" in done.stdout
