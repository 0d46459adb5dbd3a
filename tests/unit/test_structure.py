"""The tree keeps its shape: rooms mirror each other, modules stay small, public names are explained."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT

LONGEST_MODULE = 500
LARGEST_FILE = 1_500_000  # bytes, in git
AT_THE_ROOT = {
    ".ci", ".github", ".gitignore", ".pre-commit-config.yaml", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE",
    "NOTICE", "README.md", "README.zh-CN.md", "SECURITY.md", "benchmarks", "constraints.txt", "docs",
    "examples", "golden", "harness", "ports_jittor", "pyproject.toml", "refs_torch", "reports", "run",
    "tests", "weight_convert",
}  # fmt: skip
PACKAGES = ("golden", "harness", "ports_jittor", "refs_torch", "reports", "weight_convert")
EVERYWHERE = (*PACKAGES, "tests", "benchmarks")
NAMED_BY_THE_FRAMEWORK = {"forward", "execute"}  # what they do is what the class is

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def sources(*folders: str) -> list[Path]:
    """Every Python file below these folders."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def below(room: str, *left_out: str) -> dict[str, Path]:
    """The Python files of a room by their path inside it."""
    found = {path.relative_to(ROOT / room).as_posix(): path for path in sources(room)}
    return {name: path for name, path in found.items() if name.partition("/")[0] not in left_out}


REFERENCES = below("refs_torch")
PORTS = below("ports_jittor", "torchlike")


def public(body: list[ast.stmt]) -> list[Definition]:
    """The definitions a stranger may use."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [node for node in body if isinstance(node, kinds) and not node.name.startswith("_")]


def test_a_class_name_stands_for_one_thing() -> None:
    places: dict[str, list[str]] = {}
    for path in sources("golden", "harness", "reports", "weight_convert"):
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(path.relative_to(ROOT).as_posix())
    assert len(places) > 300
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_references_and_ports_mirror_each_other_file_for_file() -> None:
    assert REFERENCES
    assert sorted(REFERENCES) == sorted(PORTS)


@pytest.mark.parametrize("name", sorted(set(REFERENCES) & set(PORTS)))
def test_references_and_ports_mirror_each_other_name_for_name(name: str) -> None:
    names = [
        [node.name for node in public(ast.parse(room[name].read_bytes()).body)]
        for room in (REFERENCES, PORTS)
    ]
    assert names[0] == names[1]


def test_no_module_is_too_long() -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_bytes().splitlines())
        for path in sources(*EVERYWHERE)
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def undocumented(path: Path) -> Iterator[str]:
    """The public names of a module, and itself, that say nothing."""
    tree = ast.parse(path.read_bytes())
    where = path.relative_to(ROOT)
    if tree.body and not ast.get_docstring(tree):
        yield f"{where}: the module"
    for node in public(tree.body):
        inner = public(node.body) if isinstance(node, ast.ClassDef) else []
        for definition in (node, *inner):
            if definition.name not in NAMED_BY_THE_FRAMEWORK and not ast.get_docstring(definition):
                yield f"{where}:{definition.lineno} {definition.name}"


def test_every_public_name_has_a_docstring() -> None:
    assert [line for path in sources(*PACKAGES) for line in undocumented(path)] == []


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    """Every file in git."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("this copy of the sources is no git repository")
    return [name for name in done.stdout.split("\0") if (ROOT / name).is_file()]


def test_nothing_lies_about_at_the_root(tracked: list[str]) -> None:
    assert {name.partition("/")[0] for name in tracked} <= AT_THE_ROOT


def test_no_file_in_git_is_large(tracked: list[str]) -> None:
    assert [name for name in tracked if (ROOT / name).stat().st_size > LARGEST_FILE] == []
