"""What is known of an interpreter before a framework is started with it."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from harness.environment import describe_python
from harness.environment.interpreter_info import facts_of
from harness.errors import NoEnvironment
from tests.older_interpreters import interpreter
from tests.unit.environment.fakes import program, touch, wrapper


def test_the_running_interpreter_is_looked_at_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.environment.interpreter_info.run", None)
    facts = facts_of(Path(sys.executable))
    assert facts.version == sys.version_info[:3]
    assert facts.prefix == Path(sys.prefix)
    assert facts.packages["numpy"] == version("numpy")
    assert Path(describe_python.__file__).parent not in facts.site


def test_another_interpreter_is_asked_and_says_the_same(tmp_path: Path) -> None:
    other = wrapper(tmp_path / "python", "export PYTHONDONTWRITEBYTECODE=1")
    facts, own = facts_of(other), facts_of(Path(sys.executable))
    assert facts.python == other
    same = ("version", "prefix", "base_prefix", "machine", "includes", "suffix", "abi", "packages", "pip")
    assert {name: getattr(facts, name) for name in same} == {name: getattr(own, name) for name in same}
    assert set(facts.site) >= {Path(path) for path in sys.path if path.endswith("site-packages")}
    assert Path(describe_python.__file__).parent not in facts.site


def test_chatter_of_another_interpreter_does_no_harm(tmp_path: Path) -> None:
    assert facts_of(wrapper(tmp_path / "python", "echo welcome")).version == sys.version_info[:3]


def test_headers_kept_elsewhere_are_named_by_a_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ALIGN_PYTHON_INCLUDE", str(tmp_path))
    assert not facts_of(Path(sys.executable)).has_headers
    touch(tmp_path / "Python.h")
    facts = facts_of(Path(sys.executable))
    assert facts.has_headers
    assert facts.includes == (tmp_path,)


def test_an_install_that_stopped_half_way_is_no_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "torch-9.9.dist-info/INSTALLER")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "torch" not in describe_python.describe()["packages"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("echo not json", "exit status 0: it printed nothing", id="no JSON"),
        pytest.param("echo 'SyntaxError: old' >&2; exit 1", "exit status 1: SyntaxError: old", id="too old"),
        pytest.param("kill -9 $$", "signal 9", id="killed"),
    ],
)
def test_what_is_no_interpreter_is_reported(tmp_path: Path, text: str, words: str) -> None:
    python = program(tmp_path / "python", text)
    with pytest.raises(NoEnvironment, match="does not work as a Python interpreter") as caught:
        facts_of(python)
    assert str(python) in str(caught.value)
    assert words in str(caught.value)


def test_what_cannot_be_run_is_reported(tmp_path: Path) -> None:
    with pytest.raises(NoEnvironment, match="cannot be run: No such file"):
        facts_of(tmp_path / "python")


def test_a_damaged_installation_of_the_running_interpreter_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def damaged() -> dict[str, object]:
        raise KeyError("platinclude")

    monkeypatch.setattr(describe_python, "describe", damaged)
    with pytest.raises(NoEnvironment, match="is and has: KeyError: 'platinclude'") as caught:
        facts_of(Path(sys.executable))
    assert caught.value.exit_code == 3
    assert "make a new environment, or name another" in str(caught.value)


@pytest.mark.parametrize("answer", ["5", "null", "{}", '{\\"version\\": 3}'])
def test_an_answer_of_another_form_is_reported(tmp_path: Path, answer: str) -> None:
    python = program(tmp_path / "python", f'echo "{answer}"')
    with pytest.raises(NoEnvironment, match=r"cannot tell what it is and has: (TypeError|KeyError)"):
        facts_of(python)


@pytest.mark.parametrize("version", ["3.6", "3.7", "3.8", "3.9"])
def test_an_older_interpreter_is_named(version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} here")
    assert "{}.{}".format(*facts_of(python).version) == version


def test_without_importlib_metadata_folders_tell_versions(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = (
        "torch-1.12.1+cpu.dist-info",
        "jittor-1.3.8.5-py3.7.egg-info",
        "onednn_cpu_gomp-2021.3.0.dist-info",
    )
    touch(*(tmp_path / name / "METADATA" for name in names), tmp_path / "numpy-stubs.py")
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "nowhere")])
    monkeypatch.setitem(sys.modules, "importlib.metadata", None)
    found = describe_python.describe()["packages"]
    assert found == {"torch": "1.12.1+cpu", "jittor": "1.3.8.5", "onednn-cpu-gomp": "2021.3.0"}
