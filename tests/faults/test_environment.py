"""The set-up under faults: dead toolkits, hanging interpreters, lost links, an unusable cache."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness import environment
from harness.environment import interpreter_info, onednn, processes
from harness.environment.jittor_start import ask_until_it_answers, warm_up
from harness.errors import NoEnvironment
from tests import ROOT
from tests.unit.environment import fakes

pytestmark = pytest.mark.fault

CONVOLUTION = """
import json, jittor
ones = jittor.ones((1, 1, 3, 3))
print(json.dumps({"result": jittor.nn.conv2d(ones, ones).item(), "cuda": jittor.has_cuda}))
"""
LAY_OUT = "import json; from harness import environment; print(json.dumps(environment.jittor_environment()))"


def alive(pid: int) -> bool:
    """Whether a process is still there and not only waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pid: int) -> bool:
    """Whether a process ends within some seconds."""
    for _ in range(100):
        if not alive(pid):
            return True
        time.sleep(0.05)
    return False


def test_a_time_limit_ends_the_children_too(tmp_path: Path) -> None:
    hanging = fakes.program(tmp_path / "hang", f"sleep 600 & echo $! >{tmp_path}/pid; echo begun; wait")
    ended = processes.run([str(hanging)], {}, 1)
    assert (ended.status, ended.output, ended.ending) == (None, "begun\n", "stopped at its time limit")
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_hanging_interpreter_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter_info, "_SECONDS", 1)
    python = fakes.program(tmp_path / "python", "sleep 600")
    with pytest.raises(NoEnvironment, match="stopped at its time limit"):
        interpreter_info.facts_of(python)


def test_a_start_that_hangs_names_the_likely_reason(tmp_path: Path) -> None:
    python = fakes.program(tmp_path / "python", "sleep 600")
    with pytest.raises(NoEnvironment, match="Another process may be compiling with the same cache"):
        warm_up({"JITTOR_HOME": str(tmp_path)}, python, seconds=1)


def test_a_broken_stand_in_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIGN_CACHE", str(tmp_path))
    whole = Path(
        environment.prepare(interpreter_info.facts_of(Path(sys.executable)), "cpu", tmp_path)[
            "python_config_path"
        ]
    )
    text = whole.read_text()
    whole.write_text(text[:40])
    again = Path(
        environment.prepare(interpreter_info.facts_of(Path(sys.executable)), "cpu", tmp_path)[
            "python_config_path"
        ]
    )
    assert again.read_text() == text


@pytest.mark.jittor
def test_many_processes_lay_out_the_same_cache_at_once(tmp_path: Path) -> None:
    env = {**os.environ, "ALIGN_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}

    def lay_out(_: int) -> str:
        command = [sys.executable, "-c", LAY_OUT]
        return subprocess.run(
            command, env=env, capture_output=True, text=True, check=True, timeout=300
        ).stdout

    with ThreadPoolExecutor(4) as pool:
        expected = set(pool.map(lay_out, range(8)))
    assert len(expected) == 1
    home = Path(json.loads(expected.pop())["JITTOR_HOME"])
    assert not [path.name for path in home.rglob(".*.*") if path.is_symlink() or path.is_file()], "left over"


@pytest.mark.jittor
def test_jittor_computes_beside_half_a_toolkit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes.program(tmp_path / "bin/nvcc", 'exec /usr/local/cuda-0.0/bin/nvcc "$@"')
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setenv("CUDA_HOME", str(tmp_path))
    program = tmp_path / "convolution.py"
    program.write_text(CONVOLUTION)
    expected, _ = ask_until_it_answers(
        Path(sys.executable), program, [], environment.jittor_environment(), 600
    )
    assert expected == {"result": 9.0, "cuda": 0}


@pytest.mark.jittor
def test_jittor_computes_after_the_environment_of_its_links_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALIGN_CACHE", str(tmp_path))
    place = tmp_path / "jittor" / onednn.PLACE
    place.mkdir(parents=True)
    for name in ("lib", "include"):
        (place / name).symlink_to(tmp_path / "gone" / name)
    env = environment.jittor_environment()
    assert env["use_mkl"] == "1"
    assert (place / "lib" / onednn.LIBRARY).is_file()


@pytest.mark.parametrize("variable", ["ALIGN_TORCH_PYTHON", "ALIGN_JITTOR_PYTHON"])
@pytest.mark.parametrize("text", ["kill -11 $$", "exit 0", "echo '{'"])
def test_the_doctor_survives_an_interpreter_that_is_none(tmp_path: Path, variable: str, text: str) -> None:
    python = fakes.program(tmp_path / "python", text)
    other = fakes.program(tmp_path / "other", "exit 1")
    named = {"ALIGN_TORCH_PYTHON": str(other), "ALIGN_JITTOR_PYTHON": str(other), variable: str(python)}
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", "doctor", "--json"],
        cwd=ROOT,
        env={**os.environ, **named},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    wrong = [
        finding["wrong"] for finding in json.loads(done.stdout)["findings"] if finding["state"] == "wrong"
    ]
    assert any(line.startswith(f"{python} does not work as a Python interpreter") for line in wrong)
    assert "Traceback" not in done.stderr


def test_the_doctor_survives_a_cache_that_cannot_be_made(tmp_path: Path) -> None:
    fakes.touch(tmp_path / "file")
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", "doctor", "--json"],
        cwd=ROOT,
        env={**os.environ, "ALIGN_CACHE": str(tmp_path / "file/cache")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    findings = {finding["part"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert findings["cache"]["state"] == "wrong"
    assert "Traceback" not in done.stderr
