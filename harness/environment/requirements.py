"""What an interpreter needs for a side: pure judgements on facts, each with the command that mends it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from harness.environment import onednn
from harness.environment.findings import DoctorFinding
from harness.environment.interpreter_info import INCLUDE, InterpreterInfo
from harness.environment.interpreters import variable

OLDEST = (3, 8)
JITTOR_NEWEST = (3, 12)
TORCH_VERSION, JITTOR_VERSION = "2.13.0", "1.3.11.0"
TORCH, JITTOR = f"torch=={TORCH_VERSION}", f"jittor=={JITTOR_VERSION}"
NUMPY, JITTOR_NUMPY, H5PY = "numpy>=1.26", "numpy>=1.26,<2", "h5py>=3.10"
_FOR_OLDER = {
    (3, 8): {TORCH: "torch==2.4.1", NUMPY: "numpy>=1.22", JITTOR_NUMPY: "numpy>=1.22,<2"},
    (3, 9): {TORCH: "torch==2.8.0"},
}
"""What is installed in place of a package that has left a Python behind."""

_OLDEST = {
    "torch": (
        "1.13",
        "the TorchFunctionMode of 1.13, which sees each operation",
        TORCH,
    ),
    "jittor": (
        "1.3.5",
        "the number of a tensor, by which it is known again while it is recorded, or was not tried",
        "jittor==1.3.8.5",
    ),
}
"""The oldest version that can be recorded, what older ones lack, and what to install instead."""

ONEDNN = ("onednn-cpu-gomp==2021.3.0", "onednn-devel-cpu-gomp==2021.3.0")
_NAME = re.compile(r"[=<>]")


def judge(side: str, facts: InterpreterInfo) -> list[DoctorFinding]:
    """Everything that a side asks of its interpreter; of one that cannot be used, nothing but that."""
    version = _version(side, facts)
    if version.state == "wrong":
        return [version]
    return [version, *(_torch(facts) if side == "torch" else _jittor(facts))]


def _torch(facts: InterpreterInfo) -> Iterator[DoctorFinding]:
    yield _too_old("torch", facts) or _package("torch", facts, TORCH, TORCH_VERSION)
    yield _package("torch", facts, NUMPY)
    yield _package("torch", facts, H5PY)


def _too_old(side: str, facts: InterpreterInfo) -> DoctorFinding | None:
    """A framework that cannot be recorded, by what it lacks; its environment stays as it is."""
    found, (oldest, lacks, wheel) = facts.packages.get(side, ""), _OLDEST[side]
    if not found or _numbers(found) >= _numbers(oldest):
        return None
    wrong = f"{side} {found} lacks {lacks}; allowed is {oldest} or newer"
    return DoctorFinding(
        side, side, found, "wrong", wrong, _new_environment(side, facts, _fitting(facts, wheel))
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


def _fitting(facts: InterpreterInfo, wheel: str) -> str:
    return _FOR_OLDER.get(facts.version[:2], {}).get(wheel, wheel)


def _jittor(facts: InterpreterInfo) -> Iterator[DoctorFinding]:
    yield _too_old("jittor", facts) or _package("jittor", facts, JITTOR, JITTOR_VERSION)
    yield _numpy_below_2(facts)
    yield _package("jittor", facts, H5PY)
    yield _headers(facts)
    yield _compiler()
    yield _onednn(facts)


def _version(side: str, facts: InterpreterInfo) -> DoctorFinding:
    found = f"{facts.version_text} at {facts.python}"
    too_new = side == "jittor" and facts.version[:2] > JITTOR_NEWEST
    if facts.version[:2] >= OLDEST and not too_new:
        return DoctorFinding(side, "interpreter", found)
    allowed = "3.8 to 3.12" if side == "jittor" else "3.8 or newer"
    why = ": Jittor 1.3.11 cannot be imported by it" if too_new else ""
    wrong = f"{facts.python} is Python {facts.version_text}{why}; allowed is {allowed}"
    return DoctorFinding(side, "interpreter", found, "wrong", wrong, _other_interpreter(side, facts))


def _other_interpreter(side: str, facts: InterpreterInfo) -> str:
    """Makes an environment with another Python; the framework that is checked keeps its version."""
    version = facts.packages.get(side, "").partition("+")[0]
    return _new_environment(side, facts, f"{side}=={version}" if version else "")


def _new_environment(side: str, facts: InterpreterInfo, framework: str) -> str:
    """Makes an environment and names it; the one that is looked at stays as it is."""
    python = "3.11" if facts.version[:2] > JITTOR_NEWEST else "{}.{}".format(*max(facts.version[:2], OLDEST))
    folder = f"{side}-env"
    steps = [f"python{python} -m venv {folder}"]
    if framework:
        wheels = ["wheel", framework, "numpy<2", "h5py", *(ONEDNN if side == "jittor" else ())]
        steps.append(shlex.join([f"{folder}/bin/pip", "install", *wheels]))
    return " && ".join([*steps, f"export {variable(side)}=$PWD/{folder}/bin/python"])


def _package(side: str, facts: InterpreterInfo, wheel: str, pinned: str = "") -> DoctorFinding:
    name = _NAME.split(wheel)[0]
    found = facts.packages.get(name)
    if found is None:
        wheel = _fitting(facts, wheel)
        wrong = f"{name} is not installed in {facts.python}"
        return DoctorFinding(side, name, "not installed", "wrong", wrong, install(facts, wheel), (wheel,))
    if pinned and found.partition("+")[0] != pinned:  # it may be the very version that is to be checked
        wrong = (
            f"{name} {found} is not {pinned}, of which stored figures and goldens are: they may differ from "
            "yours. A comparison of both sides here needs none of them"
        )
        return DoctorFinding(side, name, found, "warn", wrong)
    return DoctorFinding(side, name, found)


def _numpy_below_2(facts: InterpreterInfo) -> DoctorFinding:
    found = facts.packages.get("numpy")
    if found is None or int(found.partition(".")[0]) < 2:
        return _package("jittor", facts, JITTOR_NUMPY)
    wrong = f"numpy {found} clashes with Jittor, compiled for the array layout of numpy 1; allowed is below 2"
    wheel = _fitting(facts, JITTOR_NUMPY)
    return DoctorFinding("jittor", "numpy", found, "wrong", wrong, install(facts, wheel), (wheel,))


def _headers(facts: InterpreterInfo) -> DoctorFinding:
    found = ", ".join(map(str, facts.includes))
    if facts.has_headers:
        return DoctorFinding("jittor", "Python.h", found)
    wrong = f"Python.h is not in {found}, so Jittor can compile nothing"
    short = "{}.{}".format(*facts.version)
    mend = f"export {INCLUDE}=FOLDER  # one that holds Python.h of Python {short}"
    if facts.base_prefix == Path("/usr"):
        mend = system_install(f"python{short}-dev")
    return DoctorFinding("jittor", "Python.h", "missing", "wrong", wrong, mend)


def _compiler() -> DoctorFinding:
    named = os.environ.get("cc_path", "g++")  # noqa: SIM112, the name is Jittor's
    if path := shutil.which(named):
        return DoctorFinding("jittor", "compiler", path)
    wrong = f"the C++ compiler {named} is not on the PATH; Jittor compiles every operator"
    return DoctorFinding("jittor", "compiler", "missing", "wrong", wrong, system_install("g++"))


def _onednn(facts: InterpreterInfo) -> DoctorFinding:
    if found := onednn.find(facts):
        return DoctorFinding("jittor", "oneDNN", facts.packages.get("onednn-cpu-gomp") or str(found[0]))
    wrong = "without the oneDNN wheels a convolution on the CPU is correct but 30 to 300 times slower"
    return DoctorFinding("jittor", "oneDNN", "not installed", "warn", wrong, install(facts, *ONEDNN), ONEDNN)


def pip(facts: InterpreterInfo) -> list[str]:
    """The pip that installs into an interpreter: its own, else the harness's."""
    if facts.pip:
        return [str(facts.python), "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", str(facts.python)]


def install(facts: InterpreterInfo, *wheels: str) -> str:
    """The command that installs wheels into an interpreter."""
    return shlex.join([*pip(facts), "install", *wheels])


def system_install(package: str) -> str:
    """The command that installs a package of the system."""
    return f"{'' if os.geteuid() == 0 else 'sudo '}apt-get install {package}"
