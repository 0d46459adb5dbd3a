"""The tests' own footing: what needs a framework is marked, skipped with a reason, or refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT, shared_folder
from tests.frameworks import imported_by, why_not

# Stands for an environment in which torch cannot be found.
WITHOUT_TORCH = """
import importlib.util, sys
import pytest

found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "torch" else found(name, package)
sys.exit(pytest.main(sys.argv[1:]))
"""


def run_pytest(*arguments: str | Path, program: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run pytest with the repository's conftest in a process of its own."""
    command = [sys.executable, "-c", program, "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml")]
    command += ["--rootdir", str(ROOT), "-p", "tests.conftest", *map(str, arguments)]
    inherited = {name: value for name, value in os.environ.items() if name != "ALIGN_TESTS_REQUIRE"}
    environment = {**inherited, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A test module with a test that needs torch by a mark, and one that needs nothing."""
    path = tmp_path / "test_marked.py"
    path.write_text(
        "import pytest\n@pytest.mark.torch\ndef test_a(): import torch\ndef test_b(): pass\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import torch", {"torch"}),
        ("from torch import nn", {"torch"}),
        ("import refs_torch.led as led", {"torch"}),
        ("from ports_jittor.torchlike import pool", {"jittor"}),
        ("from harness.sides import jittor_side", {"jittor"}),
        ("import jittor as jt\nimport torch.nn", {"jittor", "torch"}),
        ("import torchlike, harness.sides.side", set()),
        ("def test_a():\n    import torch", set()),
        ("this is no Python", set()),
    ],
)
def test_a_module_is_known_by_what_it_imports(tmp_path: Path, source: str, expected: set[str]) -> None:
    path = tmp_path / "test_x.py"
    path.write_text(source, encoding="utf-8")
    assert imported_by(path) == expected


def test_a_missing_framework_has_a_reason_with_a_remedy() -> None:
    reason = why_not("no_such_framework")
    assert reason is not None
    assert "pip install" in reason


def test_marked_tests_are_skipped_with_the_reason(module: Path) -> None:
    done = run_pytest(module, program=WITHOUT_TORCH)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed, 1 skipped" in done.stdout
    assert "torch is not installed" in done.stdout


def test_a_module_that_imports_a_missing_framework_is_skipped_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "test_top.py"
    path.write_text("import torch\nraise RuntimeError('imported')\n", encoding="utf-8")
    done = run_pytest(path, program=WITHOUT_TORCH)
    assert "1 skipped" in done.stdout, done.stdout + done.stderr
    assert "torch is not installed" in done.stdout


def test_importing_a_framework_marks_the_module(tmp_path: Path) -> None:
    path = tmp_path / "test_top.py"
    path.write_text("import torch\ndef test_a(): pass\n", encoding="utf-8")
    done = run_pytest(
        path,
        "-m",
        "torch",
        "--collect-only",
        program="import pytest, sys; sys.exit(pytest.main(sys.argv[1:]))",
    )
    missing = why_not("torch")
    assert ("collected 0 items / 1 skipped" if missing else "collected 1 item") in done.stdout, (
        done.stdout + done.stderr
    )


@pytest.mark.parametrize(
    ("required", "message"), [("torch", "torch is not installed"), ("tensorflow", "it may name")]
)
def test_a_required_framework_that_is_missing_stops_everything(
    module: Path, required: str, message: str
) -> None:
    done = run_pytest(module, program=WITHOUT_TORCH, ALIGN_TESTS_REQUIRE=required)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR, done.stdout + done.stderr
    assert message in done.stderr


def test_the_shared_folder_is_the_one_beside_the_repository() -> None:
    assert shared_folder() in (None, ROOT.parent / "shared")


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("conftest.py")), ids=str)
def test_no_framework_is_imported_before_it_is_set_up(path: Path) -> None:
    assert imported_by(path) == set()
