"""Which interpreter each side is started with."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness import config
from harness.environment.interpreters import interpreter
from harness.errors import NoEnvironment
from tests.unit.environment.fakes import program, touch


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(config, "_said", set())
    for name in ("ALIGN_TORCH_PYTHON", "ALIGN_JITTOR_PYTHON"):
        monkeypatch.delenv(name, raising=False)


def test_the_running_interpreter_is_the_default() -> None:
    assert interpreter("torch") == interpreter("jittor") == Path(sys.executable)


def test_the_variable_wins_over_the_config_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("a", "b"):
        program(tmp_path / name / "python", "")
    (tmp_path / "align.toml").write_text('torch-python = "a/python"\n')
    assert interpreter("torch") == tmp_path / "a/python"
    assert interpreter("jittor") == Path(sys.executable)
    monkeypatch.setenv("ALIGN_TORCH_PYTHON", "b/python")
    assert interpreter("torch") == tmp_path / "b/python"


def test_an_interpreter_of_the_config_file_is_reported_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path / "a" / "python", "")
    (tmp_path / "align.toml").write_text('torch-python = "a/python"\n')
    for _ in range(2):
        interpreter("torch")
        interpreter("jittor")
    path = tmp_path / "align.toml"
    expected = f"align: the torch side runs with {tmp_path / 'a/python'}, as torch-python in {path} says\n"
    assert capsys.readouterr().err == expected
    monkeypatch.setenv("ALIGN_TORCH_PYTHON", "a/python")
    interpreter("torch")
    assert capsys.readouterr().err == ""


def test_no_interpreter_is_taken_from_a_folder_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path / "a" / "python", "")
    (tmp_path / "align.toml").write_text('torch-python = "a/python"\n')
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")
    assert interpreter("torch") == Path(sys.executable)
    assert "names torch-python: left out" in capsys.readouterr().err


def test_the_table_in_pyproject_counts_too(tmp_path: Path) -> None:
    program(tmp_path / "env/bin/python", "")
    (tmp_path / "pyproject.toml").write_text('[tool.align]\njittor-python = "env/bin/python"\n')
    assert interpreter("jittor") == tmp_path / "env/bin/python"


def test_a_bare_name_is_looked_for_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = program(tmp_path / "bin/python-of-mine", "")
    monkeypatch.setenv("PATH", str(found.parent))
    monkeypatch.setenv("ALIGN_JITTOR_PYTHON", found.name)
    assert interpreter("jittor") == found


def test_a_link_stays_a_link_because_an_environment_is_known_by_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "python").symlink_to(sys.executable)
    monkeypatch.setenv("ALIGN_JITTOR_PYTHON", str(tmp_path / "python"))
    assert interpreter("jittor") == tmp_path / "python"


@pytest.mark.parametrize(
    ("named", "words"),
    [
        pytest.param("gone/python", "not there", id="missing"),
        pytest.param("no-such-python", "not there", id="not on the path"),
        pytest.param("folder", "a folder", id="folder"),
        pytest.param("plain", "may not be executed", id="not executable"),
    ],
)
def test_what_is_no_interpreter_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: str, words: str
) -> None:
    (tmp_path / "folder").mkdir()
    touch(tmp_path / "plain")
    monkeypatch.setenv("ALIGN_TORCH_PYTHON", named)
    with pytest.raises(NoEnvironment, match=words) as caught:
        interpreter("torch")
    assert str(caught.value).startswith(f"$ALIGN_TORCH_PYTHON names {named}")
    assert caught.value.exit_code == 3


def test_a_wrong_entry_of_the_config_file_names_its_key(tmp_path: Path) -> None:
    (tmp_path / "align.toml").write_text('torch-python = "gone/python"\n')
    with pytest.raises(NoEnvironment, match="torch-python in the config file"):
        interpreter("torch")
