"""`align doctor`: examining, mending, drawing; and once for real."""

from __future__ import annotations

import io
import json
import os
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from harness.choices import SIDES
from harness.cli.doctor import draw
from harness.environment import cuda, examine, interpreters, mend, trials
from harness.environment.cuda.nvcc import Nvcc
from harness.environment.examine import examine as look
from harness.environment.findings import DoctorFinding, Report
from harness.errors import NoEnvironment
from tests import ROOT
from tests.unit.environment import fakes

USUAL_CACHE = os.environ.get("ALIGN_CACHE")  # what the other tests keep warm
TOLD = '{"version": "2.4.1+cpu", "result": %s, "built": %s, "card": %s, "cudnn": %s}'


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIGN_CACHE", str(tmp_path / "cache"))


def telling(path: Path, *values: str) -> Path:
    """An interpreter that says what PyTorch would."""
    return fakes.program(path, f"echo; echo {shlex.quote(TOLD % values)}")


def tried(
    python: Path, env: dict[str, str], device: str = "cpu", say: examine.Say = examine.silent
) -> DoctorFinding:
    """A trial that goes well on the CPU alone."""
    state = "ok" if device == "cpu" else "wrong"
    return DoctorFinding(
        "jittor", f"convolution, {device}", "tried", state, "a reason" if state == "wrong" else ""
    )


class TestTrials:
    """One convolution on each side."""

    def test_torch_on_the_cpu(self, tmp_path: Path) -> None:
        right, device = trials.try_torch(telling(tmp_path / "python", "9.0", "null", "null", "null"), {})
        assert (right.state, right.found) == ("ok", "computed, right")
        assert device.found == "cpu; built without CUDA"

    def test_torch_with_a_card(self, tmp_path: Path) -> None:
        python = telling(tmp_path / "python", "9.0", '"13.0"', '"NVIDIA H200"', "91300")
        assert trials.try_torch(python, {})[1].found == "cpu; cuda 13.0: NVIDIA H200, cuDNN 91300"

    def test_torch_for_a_card_that_is_not_there(self, tmp_path: Path) -> None:
        python = telling(tmp_path / "python", "9.0", '"13.0"', "null", "null")
        assert trials.try_torch(python, {})[1].found == "cpu; built for CUDA 13.0, but finds no card"

    def test_a_wrong_result_is_wrong(self, tmp_path: Path) -> None:
        finding, _ = trials.try_torch(telling(tmp_path / "python", "8.5", "null", "null", "null"), {})
        assert finding.state == "wrong"
        assert "computes a convolution of ones as 8.5; 9 is right" in finding.wrong
        assert finding.mend.endswith("--no-deps torch==2.4.1"), "it stays the version that is checked"

    def test_a_broken_torch_is_reported_by_its_last_words(self, tmp_path: Path) -> None:
        python = fakes.program(tmp_path / "python", "echo 'ImportError: libgomp.so.1' >&2; exit 1")
        (finding,) = trials.try_torch(python, {})
        assert (
            finding.wrong
            == f"torch cannot be started with {python} (exit status 1): ImportError: libgomp.so.1"
        )
        assert finding.mend.startswith(f"{python} -c 'import torch'")

    def test_a_cold_jittor_is_not_tried(self, tmp_path: Path) -> None:
        python = fakes.program(tmp_path / "python", f'echo \'{{"cache": "{tmp_path}"}}\'')
        finding = trials.try_jittor(python, {"JITTOR_HOME": str(tmp_path / "home")})
        assert (finding.state, finding.mend) == ("warn", "align doctor --fix")

    def test_a_cold_jittor_is_compiled_where_that_can_be_said(self, tmp_path: Path) -> None:
        told = {"cache": str(tmp_path), "version": "1.3.11.0", "result": 9.0}
        text = f"echo \"$1\" >>{tmp_path}/ran; echo '{json.dumps(told)}'"
        python = fakes.program(tmp_path / "python", text)
        said: list[str] = []
        finding = trials.try_jittor(python, {"JITTOR_HOME": str(tmp_path / "home")}, say=said.append)
        assert (finding.state, finding.found) == ("ok", "computed, right")
        assert said == ["compiling Jittor's core for cpu: one to some minutes, once"]
        ran = [Path(line).name for line in (tmp_path / "ran").read_text().splitlines()]
        assert ran == ["jittor_cache.py", "jittor_start.py", "jittor_trial.py"]

    def test_a_broken_jittor_is_wrong(self, tmp_path: Path) -> None:
        python = fakes.program(tmp_path / "python", "echo 'ImportError: no g++' >&2; exit 1")
        finding = trials.try_jittor(python, {"JITTOR_HOME": str(tmp_path / "home")})
        assert finding.state == "wrong"
        assert finding.wrong.endswith("(exit status 1): ImportError: no g++")


class TestExamine:
    """The look at everything."""

    @pytest.fixture
    def healthy(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Both sides have a healthy interpreter that starts."""
        facts = fakes.environment(tmp_path / "env")
        monkeypatch.setattr(examine, "facts_of", lambda python: facts)
        monkeypatch.setattr(examine, "jittor_environment", lambda device, python: {})
        monkeypatch.setattr(
            trials, "try_torch", lambda python, env: [DoctorFinding("torch", "convolution", "right")]
        )
        monkeypatch.setattr(trials, "try_jittor", tried)

    @pytest.mark.usefixtures("healthy")
    def test_every_part_is_looked_at(self) -> None:
        said: list[str] = []
        report = look(said.append)
        assert report.exit_code == 0
        assert [finding.part for finding in report.of("machine")][:3] == ["harness", "cache", "disk"]
        assert [finding.part for finding in report.of("torch")] == [
            "interpreter", "torch", "numpy", "h5py", "convolution",
        ]  # fmt: skip
        assert [finding.part for finding in report.of("jittor")][:8] == [
            "interpreter", "jittor", "numpy", "h5py", "Python.h", "compiler", "oneDNN", "convolution, cpu",
        ]  # fmt: skip
        assert [line.split()[1] for line in said] == ["torch", "jittor"]

    @pytest.mark.usefixtures("healthy")
    def test_what_lacks_a_part_is_not_tried(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        facts = fakes.environment(tmp_path / "env", packages=fakes.without("jittor"))
        monkeypatch.setattr(examine, "facts_of", lambda python: facts)
        report = look()
        assert report.sentence == "the jittor side cannot run (jittor)"
        assert not [finding for finding in report.of("jittor") if finding.part.startswith("convolution")]

    @pytest.mark.usefixtures("healthy")
    def test_a_card_that_cannot_be_used_is_a_warning(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        nvcc = Nvcc(tmp_path / "nvcc", (13, 0, 88), tmp_path)
        found = cuda.Survey(fakes.environment(tmp_path / "env"), cuda.Card("H200", 90, "580"), nvcc)
        monkeypatch.setattr(cuda, "survey", lambda facts: found)
        report = look()
        last = report.of("jittor")[-1]
        assert (last.part, last.state, last.wrong) == ("convolution, cuda", "warn", "a reason")
        assert report.exit_code == 0

    def test_an_interpreter_that_is_not_there_is_a_finding(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for side in SIDES:
            monkeypatch.setenv(interpreters.variable(side), "/nowhere/python")
        report = look()
        assert report.exit_code == 3
        (finding,) = report.of("jittor")
        assert finding.wrong.startswith("$ALIGN_JITTOR_PYTHON names /nowhere/python, which is not there")
        assert finding.mend == "export ALIGN_JITTOR_PYTHON=ENVIRONMENT/bin/python"


class TestMend:
    """What --fix does."""

    @pytest.fixture
    def said(self) -> list[str]:
        """What was said."""
        return []

    @pytest.fixture
    def python(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """An interpreter for both sides that notes what pip is asked for."""
        facts = fakes.environment(tmp_path / "env")
        fakes.program(facts.python, f'echo "$*" >>{tmp_path}/asked; exit "${{PIP_ENDS:-0}}"')
        monkeypatch.setattr(mend, "facts_of", lambda python: replace(facts, python=python))
        monkeypatch.setattr(mend, "interpreter", lambda side: facts.python)
        monkeypatch.setattr(mend, "jittor_environment", lambda device, python: {})
        monkeypatch.setattr(mend, "warm_up_where_cold", lambda env, python, device, say: None)
        return facts.python

    def test_missing_wheels_are_installed_once(self, python: Path, tmp_path: Path, said: list[str]) -> None:
        findings = [
            DoctorFinding("jittor", "jittor", "", "wrong", wheels=("jittor==1",)),
            DoctorFinding("jittor", "CUDA libraries", "", "warn", wheels=("cuda-toolkit", "nvidia-cudnn")),
            DoctorFinding("jittor", "cuDNN", "", "warn", wheels=("cuda-toolkit", "nvidia-cudnn")),
            DoctorFinding("jittor", "nvcc", "", "off", wheels=("never",)),
            DoctorFinding("torch", "torch", "2.10", "warn"),
        ]
        mend.mend(Report(findings), said.append)
        asked = (tmp_path / "asked").read_text().splitlines()
        assert asked == ["-m pip install --quiet jittor==1 cuda-toolkit nvidia-cudnn"]
        assert said == [f"installing into {python}: jittor==1, cuda-toolkit, nvidia-cudnn"]

    @pytest.mark.usefixtures("python")
    def test_a_failing_pip_is_reported(self, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PIP_ENDS", "1")
        mend.mend(Report([DoctorFinding("torch", "torch", "", "wrong", wheels=("torch",))]), said.append)
        assert said[-1].startswith("pip did not install them (exit status 1)")

    @pytest.mark.usefixtures("python")
    def test_a_cold_cache_is_warmed(
        self, said: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        warmed: list[str] = []
        monkeypatch.setattr(
            mend, "warm_up_where_cold", lambda env, python, device, say: warmed.append(device)
        )
        mend.mend(Report([]), said.append)
        assert warmed == ["cpu"]
        assert said == []
        assert (tmp_path / "cache").is_dir()

    @pytest.mark.usefixtures("python")
    def test_one_step_that_fails_does_not_stop_the_others(
        self, said: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        def missing(side: str) -> Path:
            if side == "torch":
                raise NoEnvironment("no such interpreter")
            return tmp_path / "env/bin/python"

        monkeypatch.setattr(mend, "interpreter", missing)
        findings = [DoctorFinding(side, side, "", "wrong", wheels=(side,)) for side in SIDES]
        mend.mend(Report(findings), said.append)
        assert said[0] == "not mended: no such interpreter"
        assert (tmp_path / "asked").read_text() == "-m pip install --quiet jittor\n"


class TestDraw:
    """The table and what follows it."""

    def drawn(self, findings: list[DoctorFinding]) -> str:
        """The report on 100 columns."""
        sheet = io.StringIO()
        draw(Report(findings), Console(file=sheet, width=100, highlight=False, markup=False, emoji=False))
        return sheet.getvalue()

    def test_a_command_stays_on_one_line_and_the_rest_fits(self) -> None:
        command = f"pip install {' '.join(['wheel'] * 40)}"
        text = self.drawn(
            [DoctorFinding("torch", "torch", "x" * 150, "wrong", "what is wrong " * 12, command)]
        )
        lines = text.splitlines()
        assert f"    {command}" in lines
        assert all(len(line) <= 100 for line in lines if "pip install" not in line)
        assert text.endswith("The torch side cannot run (torch)\n")

    def test_paths_keep_their_letters(self) -> None:
        text = self.drawn([DoctorFinding("torch", "Python.h", "/Opt/X", "wrong", "no /Opt/X")])
        assert "/Opt/X" in text
        assert "The torch side cannot run (Python.h)" in text

    def test_only_what_matters_is_listed_below_the_table(self) -> None:
        states = {"fine": "ok", "absent": "off", "slow": "warn"}
        text = self.drawn(
            [DoctorFinding("jittor", name, "", state, f"why {name}") for name, state in states.items()]
        )
        assert "warn: why slow" in text
        assert "why fine" not in text
        assert "why absent" not in text

    def test_what_an_interpreter_says_cannot_steer_the_terminal(self) -> None:
        assert "\x1b" not in self.drawn(
            [DoctorFinding("torch", "torch", "\x1b[31m", "wrong", "\x1b[2J", "\x1b[2J")]
        )


def doctor(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "harness.cli", "doctor", *arguments],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "100", **variables},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


@pytest.mark.torch
@pytest.mark.jittor
def test_the_doctor_finds_this_machine_able(monkeypatch: pytest.MonkeyPatch) -> None:
    if USUAL_CACHE is None:
        monkeypatch.delenv("ALIGN_CACHE")
    else:
        monkeypatch.setenv("ALIGN_CACHE", USUAL_CACHE)
    done = doctor("--json")
    assert done.returncode == 0, done.stdout + done.stderr
    expected = json.loads(done.stdout)
    assert expected["sides"] == {"torch": {"runs": True}, "jittor": {"runs": True}}
    found = {(finding["side"], finding["part"]): finding for finding in expected["findings"]}
    assert found["torch", "convolution"]["found"] == "computed, right"
    assert found["jittor", "convolution"]["found"] == "computed, right"
    assert "doctor: trying torch" in done.stderr
    assert [found[side, "recorded layer"]["found"] for side in SIDES] == ["recorded", "recorded"]


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.jittor
def test_on_a_new_machine_jittor_is_compiled_and_tried_for_real() -> None:
    done = doctor("--json")
    assert done.returncode == 0, done.stdout + done.stderr
    findings = json.loads(done.stdout)["findings"]
    found = {finding["part"]: finding["found"] for finding in findings if finding["side"] == "jittor"}
    assert (found["convolution"], found["recorded layer"]) == ("computed, right", "recorded")
    said = done.stderr
    assert "doctor: compiling Jittor's core for cpu: one to some minutes, once" in said
    assert "of Jittor's core compiled, the first time only" in said


@pytest.mark.torch
def test_a_side_that_computes_and_cannot_record_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "h5py.py").write_text("raise ImportError('numpy.dtype size changed')\n")
    python = fakes.wrapper(tmp_path / "python", f'export PYTHONPATH="{tmp_path}:$PYTHONPATH"')
    done = doctor("--json", ALIGN_TORCH_PYTHON=str(python), ALIGN_JITTOR_PYTHON=str(tmp_path / "none"))
    told = json.loads(done.stdout)
    assert (done.returncode, told["sides"]["torch"]["runs"]) == (3, False)
    found = {finding["part"]: finding for finding in told["findings"] if finding["side"] == "torch"}
    assert found["convolution"]["found"] == "computed, right"
    assert found["recorded layer"]["state"] == "wrong"
    assert "numpy.dtype size changed" in found["recorded layer"]["wrong"]


def test_the_doctor_tells_what_a_bare_interpreter_lacks(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True, timeout=120)
    python = str(bare / "bin/python")
    done = doctor(ALIGN_TORCH_PYTHON=python, ALIGN_JITTOR_PYTHON=python)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert f"wrong: torch is not installed in {python}" in done.stdout.replace("\n", " ").replace("  ", " ")
    mend_line = f"    {sys.executable} -m pip --python {python} install jittor==1.3.11.0"
    assert mend_line in done.stdout.splitlines()
    assert "The torch side cannot run (torch, numpy, h5py); the jittor side cannot run" in done.stdout
