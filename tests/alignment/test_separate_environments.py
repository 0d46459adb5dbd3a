"""Each side in a virtual environment of its own, and a golden in the place of PyTorch."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from harness import flows
from harness.progress import Silent
from tests.environments import environment_without

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.torch, pytest.mark.jittor]


@pytest.fixture(scope="module")
def without_torch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has Jittor and no PyTorch."""
    folder = tmp_path_factory.mktemp("environments") / "without-torch"
    return environment_without(folder, "torch", "torchgen", "functorch")


@pytest.fixture(scope="module")
def without_jittor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has PyTorch and no Jittor."""
    folder = tmp_path_factory.mktemp("environments") / "without-jittor"
    return environment_without(folder, "jittor", "jittor_utils")


def imports(python: Path, package: str) -> bool:
    """Whether an interpreter finds a package."""
    command = [python, "-c", f"import importlib.util as u; raise SystemExit(not u.find_spec({package!r}))"]
    return subprocess.run(command, check=False).returncode == 0


def test_each_side_runs_in_its_own_environment(
    without_torch: Path, without_jittor: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not imports(without_torch, "torch")
    assert not imports(without_jittor, "jittor")
    monkeypatch.setenv("ALIGN_TORCH_PYTHON", str(without_jittor))
    monkeypatch.setenv("ALIGN_JITTOR_PYTHON", str(without_torch))
    request = flows.CompareRequest(model="tests.faults.models.pair:PAIR", output=tmp_path / "run")
    alignment = flows.compare(request, Silent())
    assert alignment.verdict == "aligned", alignment.sentence


def test_golden_needs_no_torch(without_torch: Path, tmp_path: Path) -> None:
    command = [without_torch, "-m", "harness.cli", "compare", "--model", "l2sknet", "--reference", "golden"]
    done = subprocess.run(
        [*command, "--json", "-o", tmp_path / "run"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)["sides"]) == {"golden", "jittor"}
