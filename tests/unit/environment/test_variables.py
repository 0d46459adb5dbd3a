"""The environment variables of each side's process."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from harness.environment import cuda, interpreter_info, precompiled, variables
from harness.environment.interpreter_info import InterpreterInfo
from harness.errors import NoEnvironment
from tests.unit.environment.fakes import HEALTHY, environment, touch, without


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("ALIGN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache/jittor"


@pytest.fixture
def healthy(tmp_path: Path) -> InterpreterInfo:
    """An interpreter that can run both sides."""
    return environment(tmp_path / "env")


@pytest.fixture
def all_healthy(monkeypatch: pytest.MonkeyPatch, healthy: InterpreterInfo) -> InterpreterInfo:
    """Every interpreter is said to be the healthy one."""
    monkeypatch.setattr(variables, "facts_of", lambda python: healthy)
    return healthy


def test_the_variables_of_a_cpu_set_up(healthy: InterpreterInfo, home: Path) -> None:
    found = variables.prepare(healthy, "cpu", home)
    assert found.pop("cache_name").startswith("cpu-")
    assert found.pop("cc_flags") == f" -O1 {precompiled.flags(home)} "
    assert found.pop("kernel_flags") == f" -Ofast {precompiled.VECTORS} "
    assert found == {
        "JITTOR_HOME": str(home),
        "nvcc_path": "",
        "gdb_path": "",
        "use_mpi": "0",
        "use_mkl": "1",
        "python_config_path": str(home / "bootstrap/cpython-311-x86_64-linux-gnu-config"),
        "FIX_TORCH_ERROR": "0",
        "log_silent": "0",
        "use_parallel_op_compiler": "1",
    }
    assert (home / ".cache/jittor/mkl/dnnl_lnx_2.2.0_cpu_gomp/lib/libmkldnn.so").is_file()


def test_other_flags_have_another_cache(
    healthy: InterpreterInfo, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = variables.prepare(healthy, "cpu", home)
    monkeypatch.setenv("PATH", str(tmp_path / "without a compiler"))
    monkeypatch.delenv("cc_path", raising=False)
    second = variables.prepare(healthy, "cpu", home)
    assert second["cc_flags"].split() == ["-O1"]
    assert first["cache_name"] != second["cache_name"]


def test_laying_out_again_changes_nothing(healthy: InterpreterInfo, home: Path) -> None:
    def files() -> Mapping[Path, int]:
        return {path: path.lstat().st_mtime_ns for path in home.rglob("*") if not path.is_dir()}

    first, before = variables.prepare(healthy, "cpu", home), files()
    assert before
    assert variables.prepare(healthy, "cpu", home) == first
    assert files() == before


def test_without_onednn_jittor_is_reported_not_to_ask_for_it(healthy: InterpreterInfo, home: Path) -> None:
    (healthy.prefix / "include/mkldnn.hpp").unlink()
    assert variables.prepare(healthy, "cpu", home)["use_mkl"] == "0"


@pytest.mark.parametrize("version", [(3, 10, 1), (3, 11, 9), (3, 12, 0)])
def test_every_python_compiles_with_one_thread(
    version: tuple[int, int, int], healthy: InterpreterInfo, home: Path
) -> None:
    found = variables.prepare(replace(healthy, version=version), "cpu", home)
    assert found["use_parallel_op_compiler"] == "1"


def test_the_cache_folder_and_the_interpreter_are_those_named(
    all_healthy: InterpreterInfo, home: Path
) -> None:
    found = variables.jittor_environment(python=all_healthy.python)
    assert found["JITTOR_HOME"] == str(home)
    assert found == variables.side_environment("jittor", "cpu", all_healthy.python)


def test_the_running_interpreter_is_the_default(
    monkeypatch: pytest.MonkeyPatch, healthy: InterpreterInfo, home: Path
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(variables, "facts_of", lambda python: asked.append(python) or healthy)
    variables.jittor_environment()
    assert asked == [Path(sys.executable)]


@pytest.mark.parametrize(
    ("side", "change", "words"),
    [
        ("jittor", {"version": (3, 13, 0)}, "allowed is 3.8 to 3.12. Mend it with: python3.11 -m venv"),
        (
            "jittor",
            {"packages": without("jittor")},
            "jittor is not installed in .*pip install jittor==1.3.11.0",
        ),
        ("jittor", {"packages": {**HEALTHY, "numpy": "2.0.0"}}, "numpy 2.0.0 clashes with Jittor"),
        ("jittor", {"includes": ()}, "Python.h is not in"),
        ("torch", {"packages": without("torch")}, "torch is not installed in .*pip install torch==2.13.0"),
        ("torch", {"packages": without("h5py")}, "h5py is not installed"),
    ],
)
def test_what_cannot_run_is_refused_with_the_command_that_mends_it(
    side: str,
    change: dict[str, object],
    words: str,
    healthy: InterpreterInfo,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(variables, "facts_of", lambda python: replace(healthy, **change))
    with pytest.raises(NoEnvironment, match=words) as caught:
        variables.side_environment(side, "cpu", healthy.python)
    assert str(caught.value).startswith(f"the {side} side cannot run: ")
    assert not home.exists()


def test_a_warning_refuses_nothing(
    all_healthy: InterpreterInfo, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = replace(all_healthy, packages={**HEALTHY, "torch": "2.15.0"})
    monkeypatch.setattr(variables, "facts_of", lambda python: newer)
    assert variables.side_environment("torch", "cpu", all_healthy.python) == {}


def test_torch_on_a_card_repeats_itself_in_plain_float32(all_healthy: InterpreterInfo) -> None:
    assert variables.side_environment("torch", "cuda", all_healthy.python) == {
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "NVIDIA_TF32_OVERRIDE": "0",
    }


def test_a_card_adds_to_what_the_cpu_needs(
    healthy: InterpreterInfo, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cuda, "survey", lambda found: found)
    monkeypatch.setattr(cuda, "prepare", lambda found, place: {"nvcc_path": str(place / "nvcc")})
    found = variables.prepare(healthy, "cuda", home)
    assert found["cache_name"] == "cuda"
    assert found["nvcc_path"] == str(home / "nvcc")
    assert {*variables.prepare(healthy, "cpu", home)} - {"cc_flags", "kernel_flags"} <= {*found}


def test_a_cache_folder_that_cannot_be_made_is_reported(healthy: InterpreterInfo, tmp_path: Path) -> None:
    touch(tmp_path / "file")
    with pytest.raises(NoEnvironment, match="Name a writable folder with ALIGN_CACHE") as caught:
        variables.prepare(healthy, "cpu", tmp_path / "file/jittor")
    assert str(tmp_path / "file") in str(caught.value)


def test_headers_named_by_their_variable_reach_jittor(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "elsewhere/Python.h")
    monkeypatch.setenv(interpreter_info.INCLUDE, str(tmp_path / "elsewhere"))
    found = variables.prepare(interpreter_info.facts_of(Path(sys.executable)), "cpu", home)
    assert f"-I{tmp_path}/elsewhere " in Path(found["python_config_path"]).read_text()
