"""What an interpreter needs for a side, judged on facts alone."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.environment import requirements
from harness.environment.findings import DoctorFinding
from harness.environment.interpreter_info import InterpreterInfo
from harness.strict_toml import tomllib
from tests import ROOT
from tests.unit.environment.fakes import HEALTHY, environment, without


@pytest.fixture
def healthy(tmp_path: Path) -> InterpreterInfo:
    """An interpreter that can run both sides."""
    return environment(tmp_path / "env")


def judged(side: str, facts: InterpreterInfo) -> dict[str, DoctorFinding]:
    """The findings by their part."""
    return {finding.part: finding for finding in requirements.judge(side, facts)}


@pytest.mark.parametrize("side", ["torch", "jittor"])
def test_a_healthy_environment_has_nothing_to_mend(side: str, healthy: InterpreterInfo) -> None:
    findings = requirements.judge(side, healthy)
    assert {finding.state for finding in findings} == {"ok"}
    assert not any(finding.wrong or finding.mend or finding.wheels for finding in findings)


@pytest.mark.parametrize(
    ("side", "version", "state"),
    [
        ("jittor", (3, 7, 16), "wrong"),
        ("jittor", (3, 8, 0), "ok"),
        ("jittor", (3, 12, 9), "ok"),
        ("jittor", (3, 13, 0), "wrong"),
        ("torch", (3, 7, 16), "wrong"),
        ("torch", (3, 8, 18), "ok"),
        ("torch", (3, 13, 0), "ok"),
    ],
)
def test_the_version_of_python(
    side: str, version: tuple[int, int, int], state: str, healthy: InterpreterInfo
) -> None:
    findings = requirements.judge(side, replace(healthy, version=version))
    assert (findings[0].part, findings[0].state) == ("interpreter", state)
    assert (len(findings) == 1) == (state == "wrong"), (
        "nothing is asked of an interpreter that cannot be used"
    )


def test_python_3_13_is_refused_with_the_reason_and_another_to_make(healthy: InterpreterInfo) -> None:
    facts = replace(healthy, version=(3, 13, 1), packages=without("jittor"))
    (finding,) = requirements.judge("jittor", facts)
    assert "is Python 3.13.1: Jittor 1.3.11 cannot be imported by it; allowed is 3.8 to 3.12" in finding.wrong
    assert finding.mend == (
        "python3.11 -m venv jittor-env && export ALIGN_JITTOR_PYTHON=$PWD/jittor-env/bin/python"
    )


@pytest.mark.parametrize(("side", "version"), [("jittor", "1.3.8.5"), ("torch", "1.12.1+cpu")])
def test_python_3_7_is_refused_with_the_way_to_the_same_framework_under_3_8(
    side: str, version: str, healthy: InterpreterInfo
) -> None:
    facts = replace(healthy, version=(3, 7, 16), packages={**HEALTHY, side: version})
    (finding,) = requirements.judge(side, facts)
    assert "is Python 3.7.16; allowed is 3.8 " in finding.wrong
    make, fill, name = finding.mend.split(" && ")
    assert make == f"python3.8 -m venv {side}-env"
    same = f"{side}=={version.removesuffix('+cpu')}"
    assert fill.startswith(f"{side}-env/bin/pip install wheel {same} 'numpy<2' h5py")
    assert ("onednn" in fill) == (side == "jittor")
    assert name == f"export ALIGN_{side.upper()}_PYTHON=$PWD/{side}-env/bin/python"


@pytest.mark.parametrize(
    ("side", "name"), [("torch", "torch"), ("jittor", "jittor"), ("torch", "numpy"), ("jittor", "h5py")]
)
def test_a_missing_package_is_installed_into_that_interpreter(
    side: str, name: str, healthy: InterpreterInfo
) -> None:
    finding = judged(side, replace(healthy, packages=without(name)))[name]
    assert finding.state == "wrong"
    assert finding.wrong == f"{name} is not installed in {healthy.python}"
    assert finding.mend.startswith(f"{healthy.python} -m pip install ")
    assert finding.wheels[0].startswith(name)


@pytest.mark.parametrize(("side", "version"), [("torch", "2.10.0"), ("jittor", "1.3.10.0")])
def test_another_version_of_a_framework_is_a_warning_that_fix_leaves_alone(
    side: str, version: str, healthy: InterpreterInfo
) -> None:
    finding = judged(side, replace(healthy, packages={**HEALTHY, side: version}))[side]
    assert (finding.state, finding.wheels) == ("warn", ())
    assert f"{side} {version} is not " in finding.wrong
    assert finding.mend == "", "the version that is checked is what its user wants to have checked"


@pytest.mark.parametrize(
    ("side", "version", "lacks"),
    [
        ("torch", "1.8.1", "TorchFunctionMode"),
        ("torch", "1.12.1+cu102", "TorchFunctionMode"),
        ("torch", "1.13.1", ""),
        ("torch", "2.4.1", ""),
        ("jittor", "1.3.1.55", "the number of a tensor"),
        ("jittor", "1.3.4.20", "or was not tried"),
        ("jittor", "1.3.5.44", ""),
        ("jittor", "1.3.7.16", ""),
        ("jittor", "1.3.8.5", ""),
        ("jittor", "1.3.10.0", ""),
    ],
)
def test_a_framework_that_cannot_be_recorded_is_refused_with_what_it_lacks(
    side: str, version: str, lacks: str, healthy: InterpreterInfo
) -> None:
    facts = replace(healthy, version=(3, 8, 18), packages={**HEALTHY, side: version})
    finding = judged(side, facts)[side]
    assert (finding.state, finding.found, finding.wheels) == ("wrong" if lacks else "warn", version, ())
    if lacks:
        assert finding.wrong.startswith(f"{side} {version} lacks ")
        assert lacks in finding.wrong
        assert f"allowed is {'1.13' if side == 'torch' else '1.3.5'} or newer" in finding.wrong
        make, fill, _ = finding.mend.split(" && ")
        assert make == f"python3.8 -m venv {side}-env"
        wheel = "torch==2.4.1" if side == "torch" else "jittor==1.3.8.5"
        assert fill.startswith(f"{side}-env/bin/pip install wheel {wheel} ")


@pytest.mark.parametrize(
    ("version", "torch", "numpy"),
    [
        ((3, 8, 18), "torch==2.4.1", "numpy>=1.22"),
        ((3, 9, 18), "torch==2.8.0", "numpy>=1.26"),
        ((3, 10, 1), "torch==2.13.0", "numpy>=1.26"),
    ],
)
def test_what_is_advised_exists_for_the_interpreter_that_is_checked(
    version: tuple[int, int, int], torch: str, numpy: str, healthy: InterpreterInfo
) -> None:
    facts = replace(healthy, version=version, packages={})
    assert [judged("torch", facts)[name].wheels for name in ("torch", "numpy")] == [(torch,), (numpy,)]
    assert judged("jittor", facts)["numpy"].wheels == (f"{numpy},<2",)


def test_numpy_2_clashes_with_jittor_alone(healthy: InterpreterInfo) -> None:
    facts = replace(healthy, packages={**HEALTHY, "numpy": "2.2.1"})
    finding = judged("jittor", facts)["numpy"]
    assert finding.state == "wrong"
    assert finding.wrong.startswith("numpy 2.2.1 clashes with Jittor")
    assert "allowed is below 2" in finding.wrong
    assert finding.mend == f"{facts.python} -m pip install 'numpy>=1.26,<2'"
    assert judged("torch", facts)["numpy"].state == "ok"


@pytest.mark.parametrize(
    ("base", "mend"),
    [("/usr", "apt-get install python3.11-dev"), ("/opt/python", "export ALIGN_PYTHON_INCLUDE=FOLDER")],
)
def test_missing_headers(base: str, mend: str, healthy: InterpreterInfo) -> None:
    (healthy.includes[0] / "Python.h").unlink()
    finding = judged("jittor", replace(healthy, base_prefix=Path(base)))["Python.h"]
    assert finding.state == "wrong"
    assert str(healthy.includes[0]) in finding.wrong
    assert mend in finding.mend


@pytest.mark.parametrize(
    ("user", "command"), [(0, "apt-get install g++"), (1000, "sudo apt-get install g++")]
)
def test_a_missing_compiler(
    user: int, command: str, healthy: InterpreterInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("cc_path", raising=False)
    monkeypatch.setattr("os.geteuid", lambda: user)
    finding = judged("jittor", healthy)["compiler"]
    assert (finding.state, finding.mend) == ("wrong", command)


def test_without_onednn_jittor_is_slow_but_runs(healthy: InterpreterInfo) -> None:
    (healthy.prefix / "lib/libmkldnn.so").unlink()
    finding = judged("jittor", healthy)["oneDNN"]
    assert (finding.state, finding.wheels) == ("warn", requirements.ONEDNN)


def test_an_interpreter_without_pip_is_served_by_ours(healthy: InterpreterInfo) -> None:
    command = requirements.install(replace(healthy, pip=False), "a b")
    assert command == f"{sys.executable} -m pip --python {healthy.python} install 'a b'"


def test_the_wheels_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    }
    asked = {
        requirements.TORCH,
        requirements.JITTOR,
        requirements.JITTOR_NUMPY,
        requirements.H5PY,
        *requirements.ONEDNN,
    }
    assert asked <= wanted


def test_the_constraints_pin_what_is_asked_for() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = {line.partition(";")[0].strip() for line in lines if re.match(r"\w", line)}
    assert all("==" in pin for pin in pins)
    assert {requirements.TORCH, requirements.JITTOR, *requirements.ONEDNN, "numpy==1.26.4"} <= pins
