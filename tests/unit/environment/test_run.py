"""./run on projects that hold nothing but it, with a Python that only notes what it is asked for."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import ROOT
from tests.unit.environment.fakes import program, touch

TOOLS = (
    "bash",
    "cat",
    "cp",
    "echo",
    "true",
    "dirname",
    "env",
    "flock",
    "g++",
    "mkdir",
    "mv",
    "readlink",
    "rm",
    "sh",
    "sha256sum",
    "sleep",
)
PYTHON = """
echo "$*" >>"$ASKED"
case "$*" in
    "-I -") cat >/dev/null; printf %s "${COMPLAINT:-}" ;;
    "-c "*) echo 3.11 ;;
    "-I -m venv -- "*) mkdir -p "$5/bin" && cp "$0" "$5/bin/python" ;;
    *" -m pip "*) [ -z "${PIP_TAKES:-}" ] || exec sleep "$PIP_TAKES"; exit "${PIP_ENDS:-0}" ;;
esac
"""
PIP_CALLS = 2  # the build tools, then everything


class Project:
    """A folder with ./run in it and a PATH with little else than a fake python3.11."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.bin = folder / "bin"
        self.asked_file = folder / "asked"
        self.root.mkdir()
        shutil.copy(ROOT / "run", self.root / "run")
        (self.root / "pyproject.toml").write_text("[project]\n")
        (self.root / "constraints.txt").write_text("numpy==1.26.4\n")
        self.bin.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found, f"the test needs {tool}"
            (self.bin / tool).symlink_to(found)
        program(self.bin / "python3.11", PYTHON)
        touch(self.asked_file)

    def start(self, *command: str, **variables: str) -> subprocess.Popen[str]:
        """Begin ./run COMMAND."""
        env = {"PATH": str(self.bin), "ASKED": str(self.asked_file), **variables}
        return subprocess.Popen(
            [self.root / "run", *command],
            cwd=variables.get("FOLDER", self.root),
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """./run COMMAND until it ends."""
        with self.start(*command, **variables) as process:
            output, errors = process.communicate(timeout=120)
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    def asked(self, words: str = "") -> list[str]:
        """What Python was asked for."""
        return [line for line in self.asked_file.read_text().splitlines() if words in line]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project without an environment."""
    return Project(tmp_path)


def installing(session: int) -> bool:
    """Whether the fake pip of a ./run has begun: it is a `sleep` by then."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, _, rest = stat.read_text().partition("(")[2].rpartition(")")
            if name == "sleep" and int(rest.split()[3]) == session:
                return True
    return False


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come about within 30 s")


def test_without_a_command_it_tells_how_it_is_used(project: Project) -> None:
    done = project.run()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: ./run COMMAND")
    assert project.run("--help").stdout == done.stderr
    assert project.asked() == []


def test_the_first_call_sets_up_and_says_so_on_standard_error(project: Project) -> None:
    done = project.run("bash", "-c", "echo $VIRTUAL_ENV; type -P python")
    assert done.returncode == 0
    assert done.stdout.split() == [f"{project.root}/.venv", f"{project.root}/.venv/bin/python"]
    assert done.stderr.splitlines() == [
        f"./run: making .venv with {project.bin}/python3.11",
        "./run: installing the pinned packages (some minutes on the first call)",
        "./run: the environment is ready",
    ]
    tools, everything = project.asked(" -m pip ")
    assert tools.endswith(f"install --no-compile -c {project.root}/constraints.txt setuptools wheel")
    assert everything.endswith(f"--no-build-isolation -e {project.root}[torch,jittor,data,dev]")


def test_the_next_call_starts_no_python_and_says_nothing(project: Project) -> None:
    project.run("true")
    before = project.asked()
    done = project.run("bash", "-c", 'printf "%s|" "$@"; exit 7', "x", "a b", "*")
    assert (done.returncode, done.stdout, done.stderr) == (7, "a b|*|", "")
    assert project.asked() == before


def test_the_command_runs_where_it_was_called(project: Project, tmp_path: Path) -> None:
    assert project.run("bash", "-c", "pwd", FOLDER=str(tmp_path)).stdout.strip() == str(tmp_path)


def test_a_link_to_run_leads_to_the_same_environment(project: Project, tmp_path: Path) -> None:
    project.run("true")
    (tmp_path / "link").symlink_to(project.root / "run")
    env = {"PATH": str(project.bin), "ASKED": str(project.asked_file)}
    command = [tmp_path / "link", "bash", "-c", "echo $VIRTUAL_ENV"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{project.root}/.venv"


def test_an_unknown_command_is_reported(project: Project) -> None:
    project.run("true")
    done = project.run("no-such-command")
    assert done.returncode == 127
    assert done.stderr == "./run: there is no command no-such-command, neither in .venv nor on the PATH\n"


@pytest.mark.parametrize("file", ["pyproject.toml", "constraints.txt"])
def test_other_pins_are_installed_into_the_same_environment(project: Project, file: str) -> None:
    project.run("true")
    touch(project.root / ".venv/kept")
    (project.root / file).write_text("changed\n")
    assert project.run("true").returncode == 0
    assert len(project.asked(" -m pip ")) == 2 * PIP_CALLS
    assert len(project.asked("-m venv")) == 1
    assert (project.root / ".venv/kept").exists()


def test_a_failing_install_is_reported_and_begun_anew(project: Project) -> None:
    done = project.run("echo", "ran", PIP_ENDS="1")
    assert (done.returncode, done.stdout) == (3, "")
    assert "the set-up did not finish (exit status 1); the next ./run begins it anew" in done.stderr
    done = project.run("echo", "ran")
    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert "removing what is left of an earlier .venv" in done.stderr
    assert len(project.asked("-m venv")) == 2


@pytest.mark.fault
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("earlier", [False, True])
def test_a_killed_install_is_noticed(project: Project, how: signal.Signals, earlier: bool) -> None:
    if earlier:
        project.run("true")
        (project.root / "constraints.txt").write_text("changed\n")
    with project.start("true", PIP_TAKES="60") as process:
        until(lambda: installing(process.pid))
        os.killpg(process.pid, how)
        process.communicate(timeout=60)
    assert process.returncode != 0
    done = project.run("echo", "ran")
    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert "removing what is left of an earlier .venv" in done.stderr


def test_two_calls_at_once_set_up_once(project: Project) -> None:
    with project.start("echo", "one", PIP_TAKES="1") as first:
        until(lambda: len(project.asked(" -m pip ")) > 0)
        second = project.run("echo", "two")
        output, _ = first.communicate(timeout=60)
    assert (output, second.stdout) == ("one\n", "two\n")
    assert second.stderr == "./run: another ./run is setting up; waiting for it\n"
    assert len(project.asked(" -m pip ")) == PIP_CALLS


def test_a_copy_at_another_place_makes_an_environment_of_its_own(project: Project, tmp_path: Path) -> None:
    project.run("true")
    shutil.copytree(project.root, tmp_path / "copy", symlinks=True)
    project.root = tmp_path / "copy"
    done = project.run("bash", "-c", "echo $VIRTUAL_ENV")
    assert done.stdout.strip() == f"{tmp_path}/copy/.venv"
    assert "removing what is left of an earlier .venv" in done.stderr


def test_an_environment_that_lost_its_python_is_made_anew(project: Project) -> None:
    project.run("true")
    python = project.root / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python3.11")
    assert project.run("true").returncode == 0
    assert len(project.asked("-m venv")) == 2


def test_an_environment_made_by_somebody_else_is_used_and_never_removed(project: Project) -> None:
    touch(project.root / ".venv/kept")
    program(project.root / ".venv/bin/python", PYTHON)
    assert project.run("true", PIP_ENDS="1").returncode == 3
    assert project.run("true").returncode == 0
    assert project.asked("-m venv") == []
    assert (project.root / ".venv/kept").exists()


def test_an_environment_with_an_unsuitable_python_is_reported(project: Project) -> None:
    program(project.root / ".venv/bin/python", PYTHON)
    done = project.run("true", COMPLAINT="version")
    assert done.returncode == 3
    assert "The Python of .venv cannot be used" in done.stderr
    assert f"Remove {project.root}/.venv" in done.stderr


@pytest.mark.parametrize(
    ("complaint", "words"),
    [
        ("venv", ["The module venv of", "apt-get install python3.11-venv"]),
        ("headers", ["has no Python.h", "apt-get install python3.11-dev"]),
        (
            "version",
            [
                "There is no Python 3.10, 3.11 or 3.12 on the PATH",
                "apt-get install python3.11 python3.11-venv",
            ],
        ),
    ],
)
def test_what_a_python_lacks_is_reported_with_what_to_install(
    project: Project, complaint: str, words: list[str]
) -> None:
    done = project.run("true", COMPLAINT=complaint)
    assert done.returncode == 3
    assert all(word in done.stderr for word in words)
    assert not (project.root / ".venv").exists()


def test_a_missing_compiler_is_reported(project: Project) -> None:
    (project.bin / "g++").unlink()
    done = project.run("true")
    assert done.returncode == 3
    assert "There is no g++" in done.stderr
    assert "apt-get install g++" in done.stderr


def test_a_python_that_does_not_work_is_passed_over(project: Project) -> None:
    program(project.bin / "python3.11", "exit 127")
    program(project.bin / "python3.12", PYTHON)
    assert f"making .venv with {project.bin}/python3.12" in project.run("true").stderr


def test_another_python_is_named_by_its_variable(project: Project, tmp_path: Path) -> None:
    mine = program(tmp_path / "a b/python", PYTHON)
    assert f"making .venv with {mine}" in project.run("true", ALIGN_PYTHON=str(mine)).stderr


def test_a_named_python_that_is_not_there_is_reported(project: Project) -> None:
    done = project.run("true", ALIGN_PYTHON="/nowhere/python")
    assert done.returncode == 3
    assert "ALIGN_PYTHON names /nowhere/python, which is no working Python" in done.stderr
