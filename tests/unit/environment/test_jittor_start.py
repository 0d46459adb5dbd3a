"""Starting Jittor, with interpreters that only look like ones and with the real one."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness import environment
from harness.environment.jittor_start import (
    ask_until_it_answers,
    is_warm,
    own_python,
    own_settings,
    settings_folder,
    warm_up,
)
from harness.errors import NoEnvironment
from tests.unit.environment.fakes import program

FAILING = """
import json, jittor
try:
    jittor.array([1.0]).sum().backward()
except RuntimeError as error:
    print(json.dumps({"error": str(error)}))
"""
TELL = 'echo noise; echo; echo \'{"version": "1.3.11.0"}\''


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """The least that starting needs."""
    return {"JITTOR_HOME": str(tmp_path / "home"), "COUNT": str(tmp_path / "count")}


def counting(tmp_path: Path, silent: int) -> Path:
    """An interpreter that ends well but says nothing the first few times, as Jittor does when it rebuilds."""
    text = f'echo x >>"$COUNT"\n[ "$(wc -l <"$COUNT")" -le {silent} ] && exit 0\n{TELL}'
    return program(tmp_path / "python", text)


@pytest.mark.parametrize("silent", [0, 1, 2])
def test_an_exit_status_of_zero_is_no_proof(silent: int, tmp_path: Path, env: dict[str, str]) -> None:
    assert warm_up(env, counting(tmp_path, silent)) == silent + 1


def test_what_never_starts_is_reported(tmp_path: Path, env: dict[str, str]) -> None:
    with pytest.raises(NoEnvironment, match="3 times without an error and without starting"):
        warm_up(env, counting(tmp_path, 99))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "echo first >&2; echo 'g++: fatal error: killed' >&2; exit 1",
            r"exit status 1\): g\+\+: fatal error: killed",
        ),
        ("kill -11 $$", r"signal 11\): it printed nothing"),
    ],
)
def test_a_failure_is_reported_by_its_last_words(
    text: str, words: str, tmp_path: Path, env: dict[str, str]
) -> None:
    with pytest.raises(NoEnvironment, match=words):
        warm_up(env, program(tmp_path / "python", text))


def test_telling_counts_even_where_the_process_dies_afterwards(tmp_path: Path, env: dict[str, str]) -> None:
    assert ask_until_it_answers(
        program(tmp_path / "python", f"{TELL}; kill -9 $$"), Path("any"), [], env, 60
    )[0] == {"version": "1.3.11.0"}


def test_the_users_own_settings_are_left_alone(
    tmp_path: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.delenv("PYTHONUSERBASE", raising=False)
    python = program(
        tmp_path / "python",
        'printf \'{"home": "%s", "packages": "%s"}\\n\' "$HOME" "$PYTHONUSERBASE"',
    )
    expected, _ = ask_until_it_answers(python, Path("any"), [], env, 60)
    assert expected["home"] == str(settings_folder(tmp_path / "home"))
    assert not expected["packages"].startswith(expected["home"])


@pytest.mark.parametrize("before", ["/home/somebody", None])
def test_home_is_given_back(before: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITTOR_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", before or "")
    if before is None:
        monkeypatch.delenv("HOME")
    with contextlib.suppress(ZeroDivisionError), own_settings():
        assert os.environ["HOME"] == str(settings_folder(tmp_path))
        raise ZeroDivisionError
    assert os.environ.get("HOME") == before


def test_what_jittor_starts_has_our_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "a home"
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.delenv("PYTHONUSERBASE", raising=False)
    asked = "import os, sys; print(os.environ['HOME'], os.environ['PYTHONUSERBASE'], sys.argv[1:], sep='|')"
    done = subprocess.run(
        [own_python(home), "-c", asked, "a b", "$c"], capture_output=True, text=True, timeout=60, check=True
    )
    expected, packages, arguments = done.stdout.strip().split("|")
    assert expected == str(settings_folder(home))
    assert not packages.startswith(expected)
    assert arguments == "['a b', '$c']"


@pytest.mark.jittor
def test_compiling_an_operator_writes_nothing_into_the_users_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import jittor

    monkeypatch.setenv("HOME", str(tmp_path))
    shape = [int(number) + 1 for number in np.random.default_rng().integers(0, 3, 6)]
    with jittor.flag_scope(compile_options={f"FLAGS: -DNEVER_SEEN_{os.getpid()} ": 1}):
        assert (jittor.ones(shape) * 3 - 1).sum().item() == 2 * np.prod(shape)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.jittor
def test_jittor_starts_and_writes_nothing_into_the_users_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = environment.jittor_environment()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert warm_up(env, Path(sys.executable)) in (1, 2, 3)
    assert is_warm(env, Path(sys.executable))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.jittor
def test_an_empty_cache_is_cold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIGN_CACHE", str(tmp_path))
    assert not is_warm(environment.jittor_environment(), Path(sys.executable))


@pytest.mark.jittor
def test_an_error_of_the_backward_pass_is_raised(tmp_path: Path) -> None:
    failing = tmp_path / "failing.py"
    failing.write_text(FAILING)
    expected, _ = ask_until_it_answers(
        Path(sys.executable), failing, [], environment.jittor_environment(), 300
    )
    assert "backward" in expected["error"]


@pytest.mark.jittor
def test_what_a_side_compiles_is_found_where_jittor_was_imported_here() -> None:
    """Operators are compiled anew where the path of Python is another one."""
    import jittor

    assert jittor.flags.python_path == str(own_python(Path(os.environ["JITTOR_HOME"])))
