"""Our packages are ours, whatever the folder holds in which a command is started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import own_packages, pairs
from harness.errors import BadInput
from harness.session import Worker
from tests import ROOT

OTHERS = [name for name in own_packages.NAMES if name != "harness"]  # which Python finds before we can speak
TRAP = "raise SystemExit('a module of the user was imported')\n"


@pytest.fixture
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user's with a package and a plain folder for each of our names, first on the path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([".", str(ROOT)]))
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


def lay(folder: Path, name: str, *, package: bool) -> None:
    """A folder called `name`, as a package or without a module."""
    (folder / name).mkdir()
    if package:
        (folder / name / "__init__.py").write_text(TRAP, encoding="utf-8")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a module of ours as a user does."""
    return subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, timeout=120, check=False
    )


def test_the_names_are_those_of_the_distribution() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert set(own_packages.NAMES) == folders


@pytest.mark.parametrize("package", [True, False], ids=["package", "folder"])
def test_align_works_beside_folders_called_like_its_packages(users: Path, package: bool) -> None:
    for name in OTHERS:
        lay(users, name, package=package)
    done = run("harness.cli", "list")
    assert (done.returncode, done.stderr) == (0, "")
    assert "l2sknet" in done.stdout


def test_convert_weights_works_beside_folders_called_like_its_packages(users: Path) -> None:
    for name in set(OTHERS) - {"weight_convert"}:  # which Python itself is asked for here
        lay(users, name, package=True)
    done = run("weight_convert.cli", "--help")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.torch
def test_a_worker_imports_nothing_from_the_working_directory(users: Path, tmp_path: Path) -> None:
    for name in own_packages.NAMES:
        lay(users, name, package=True)
    for name in ("torch", "numpy", "queue"):
        (users / f"{name}.py").write_text(TRAP, encoding="utf-8")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONPATH")
        with Worker("torch", "cpu", scratch, tmp_path / "log", timeout=120) as worker:
            assert worker.ready().versions["torch"]


def test_a_pair_in_the_working_directory_is_found_after_what_is_installed(
    users: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (users / "json.py").write_text(TRAP, encoding="utf-8")
    (users / "of_the_users_own.py").write_text(
        "import json\nfrom harness.pairs.l2sknet.pair import PAIR\n", encoding="utf-8"
    )
    assert pairs.find("of_the_users_own:PAIR") is pairs.find("l2sknet")
    assert sys.path[-1] == str(users)


def test_a_pair_whose_package_is_called_like_one_of_ours_is_reported(users: Path) -> None:
    (users / "own_pair.py").write_text("from reports.mine import Network\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"`reports` is a package of align; a package of yours needs another"):
        pairs.find("own_pair.py")
    (users / "other_pair.py").write_text("from no_such_package import Network\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"no_such_package'$"):
        pairs.find("other_pair.py")


def test_a_public_name_that_is_looked_for_elsewhere_is_shown_the_way(users: Path) -> None:
    (users / "own_pair.py").write_text("from harness.pairs import Variant\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"cannot import name 'Variant'.*write `from harness import Variant`"):
        pairs.find("own_pair.py")


def test_only_our_own_names_are_found_in_our_place() -> None:
    finder = own_packages._InOurPlace()
    found = finder.find_spec("golden")
    assert found is not None
    assert found.origin == str(ROOT / "golden" / "__init__.py")
    assert finder.find_spec("tests") is None
    assert finder.find_spec("harness.errors") is None
