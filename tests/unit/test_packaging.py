"""The wheel holds what it should, and works where neither framework is installed."""

from __future__ import annotations

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from email.message import Message
from email.parser import Parser
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from harness.environment import search_path
from tests import ROOT

PACKAGES = ("golden", "harness", "ports_jittor", "refs_torch", "reports", "weight_convert")
BUILD_INPUTS = ("pyproject.toml", "README.md", "LICENSE", "NOTICE")
MODULES_OF = {  # distributions whose modules have other names
    "jittor": {"jittor", "jittor_utils"},
    "nvidia-ml-py": {"pynvml"},
    "opencv-python-headless": {"cv2"},
    "pillow": {"PIL"},
    "pyyaml": {"yaml"},
}
LARGEST_WHEEL = 3_000_000  # bytes
HAS_SETUPTOOLS = importlib.util.find_spec("setuptools") is not None

pytestmark = pytest.mark.skipif(
    not HAS_SETUPTOOLS, reason="setuptools is not installed: pip install '.[dev]'"
)


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command, show its output if it fails, return what it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, search_path.VARIABLE: search_path.inherited()},  # not the copy of Jittor used here
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def is_golden(path: Path) -> bool:
    """Whether a file is a trace of the room `golden`."""
    return path.suffix == ".h5" and path.parent.parent.name == "golden"


def package_files(root: Path) -> set[str]:
    """Every file that lies in a package's folder and is no by-product; goldens stay in the repository."""
    return {
        path.relative_to(root).as_posix()
        for package in PACKAGES
        for path in (root / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not is_golden(path)
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built from a copy of the sources without network."""
    source = tmp_path_factory.mktemp("source")
    for name in BUILD_INPUTS:
        shutil.copy(ROOT / name, source / name)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    out = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip")
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", out, source, cwd=out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def wheel_metadata(wheel: Path) -> Message:
    """What the wheel says of itself."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == package_files(ROOT)


def test_the_wheel_is_small_and_pins_what_it_does_not_hold(wheel: Path) -> None:
    assert wheel.stat().st_size < LARGEST_WHEEL
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("golden/pins.toml") == (ROOT / "golden" / "pins.toml").read_bytes()


def test_the_wheel_carries_licence_notice_and_commands(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        info = {name.split(".dist-info/")[1]: name for name in archive.namelist() if ".dist-info/" in name}
        commands = archive.read(info["entry_points.txt"]).decode()
    assert {"licenses/LICENSE", "licenses/NOTICE"} <= set(info)
    assert "align = harness.cli:main" in commands
    assert "convert-weights = weight_convert.cli:main" in commands


def test_no_framework_is_required_by_the_core(wheel_metadata: Message) -> None:
    requirements = [Requirement(text) for text in wheel_metadata.get_all("Requires-Dist", [])]
    core = {entry.name for entry in requirements if "extra" not in str(entry.marker)}
    assert {"numpy", "h5py", "typer", "rich", "jinja2"} <= core
    assert not core & {"torch", "jittor", "scipy"}
    assert wheel_metadata["License-Expression"] == "Apache-2.0"


def imported_packages() -> dict[str, set[str]]:
    """The packages from elsewhere that each of the project's rooms imports."""
    found: dict[str, set[str]] = {}
    for package in PACKAGES:
        trees = [ast.parse(path.read_bytes()) for path in (ROOT / package).rglob("*.py")]
        nodes = [node for tree in trees for node in ast.walk(tree)]
        names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        tops = {name.partition(".")[0] for name in names}
        found[package] = tops - set(sys.stdlib_module_names) - set(PACKAGES)
    return found


def test_every_import_from_elsewhere_is_declared(wheel_metadata: Message) -> None:
    requirements = [Requirement(text) for text in wheel_metadata.get_all("Requires-Dist", [])]
    declared = {entry.name for entry in requirements if 'extra == "dev"' not in str(entry.marker)}
    modules = {module for name in declared for module in MODULES_OF.get(name, {name})}
    for package, imported in imported_packages().items():
        assert imported <= modules, f"{package} imports what pyproject.toml does not declare"


def core_distributions(requirements: list[str]) -> dict[str, metadata.Distribution]:
    """The installed distributions that meet the core's requirements, with all that these need in turn."""
    found: dict[str, metadata.Distribution] = {}
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found[name] = metadata.distribution(name)
        waiting += [Requirement(text) for text in found[name].requires or []]
    return found


@pytest.fixture(scope="module")
def bare(wheel: Path, wheel_metadata: Message, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with the wheel and the core's dependencies alone, no framework."""
    needed = core_distributions(wheel_metadata.get_all("Requires-Dist", []))
    home = tmp_path_factory.mktemp("bare") / "venv"
    venv.create(home, symlinks=True, with_pip=False)
    (site,) = home.glob("lib/python*/site-packages")
    for distribution in needed.values():
        for top in {Path(file).parts[0] for file in distribution.files or []} - {"..", "__pycache__"}:
            (site / top).symlink_to(Path(str(distribution.locate_file(top))).resolve())
    python = home / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=home)
    return home / "bin"


@pytest.mark.parametrize("framework", ["torch", "jittor"])
def test_the_bare_environment_lacks_the_framework(bare: Path, tmp_path: Path, framework: str) -> None:
    program = f"import importlib.util; print(importlib.util.find_spec({framework!r}))"
    assert run(bare / "python", "-c", program, cwd=tmp_path).strip() == "None"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(("align", "--help"), "compare", id="align --help"),
        pytest.param(("align", "list"), "l2sknet", id="align list"),
        pytest.param(("align", "doctor", "--help"), "doctor", id="align doctor --help"),
        pytest.param(("convert-weights", "--help"), "convert-weights", id="convert-weights --help"),
    ],
)
def test_commands_work_without_a_framework(
    bare: Path, tmp_path: Path, command: tuple[str, ...], expected: str
) -> None:
    assert expected in run(bare / command[0], *command[1:], cwd=tmp_path)


def test_a_golden_that_is_not_installed_is_reported_with_its_place(bare: Path, tmp_path: Path) -> None:
    command = [bare / "align", "compare", "--model", "l2sknet", "--reference", "golden"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 2, done.stderr
    assert "the installed package holds no goldens" in done.stderr
    assert "--reference golden/l2sknet/" in done.stderr
