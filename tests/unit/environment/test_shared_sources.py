"""One copy of Jittor serves all environments that have the same one, and no other."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import environment
from harness.environment import holders, search_path, shared_sources, variables
from harness.environment.compiled import PRESENT, STALE, all_compiled
from harness.environment.interpreter_info import InterpreterInfo, facts_of
from harness.environment.jittor_start import compiled_folder, is_warm
from harness.errors import NoEnvironment
from tests import ROOT
from tests.unit.environment import fakes
from tests.unit.environment.test_precompiled import jittor


def with_jittor(root: Path) -> InterpreterInfo:
    """A virtual environment that has a Jittor of few files, and the same Python as any other."""
    facts = fakes.environment(root, includes=(Path("/python/include"),))
    (site,) = facts.site
    jittor(site / "jittor" / "src")
    fakes.touch(*(site / part / "__init__.py" for part in shared_sources.PARTS))
    (site / "jittor" / "nn.py").write_text("LAYERS = 1\n")
    return facts


def nn(facts: InterpreterInfo) -> Path:
    """A file of an environment's Jittor."""
    return facts.site[0] / "jittor" / "nn.py"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Jittor's home, empty."""
    return tmp_path / "home"


@pytest.fixture
def one(tmp_path: Path) -> InterpreterInfo:
    """An environment."""
    return with_jittor(tmp_path / "one")


@pytest.fixture
def other(tmp_path: Path) -> InterpreterInfo:
    """Another one with the same Jittor and Python."""
    return with_jittor(tmp_path / "other")


def test_the_same_jittor_is_shared(one: InterpreterInfo, other: InterpreterInfo, home: Path) -> None:
    copy = shared_sources.shared(home, one)
    assert copy is not None
    assert shared_sources.shared(home, other) == copy
    assert (copy / "jittor" / "nn.py").read_text() == "LAYERS = 1\n"
    assert variables.prepare(one, "cpu", home) == variables.prepare(other, "cpu", home)


def test_what_python_has_compiled_makes_no_difference(
    one: InterpreterInfo, other: InterpreterInfo, home: Path
) -> None:
    fakes.touch(other.site[0] / "jittor/__pycache__/nn.cpython-311.pyc")
    copy = shared_sources.shared(home, other)
    assert copy == shared_sources.shared(home, one)
    assert copy is not None
    assert not list(copy.rglob("__pycache__"))


def test_a_jittor_that_was_changed_is_another_one(
    one: InterpreterInfo, other: InterpreterInfo, home: Path
) -> None:
    nn(other).write_text("LAYERS = 2\n")
    copies = [shared_sources.shared(home, facts) for facts in (one, other)]
    assert copies[0] != copies[1]
    names = [variables.prepare(facts, "cpu", home)["cache_name"] for facts in (one, other)]
    assert names[0] != names[1]


def test_a_file_more_is_another_one(one: InterpreterInfo, other: InterpreterInfo, home: Path) -> None:
    fakes.touch(other.site[0] / "jittor/more.py")
    assert shared_sources.shared(home, one) != shared_sources.shared(home, other)


@pytest.mark.parametrize("change", [{"includes": (Path("/elsewhere/include"),)}, {"suffix": ".abi-311d.so"}])
def test_another_build_of_python_shares_nothing(
    one: InterpreterInfo, other: InterpreterInfo, home: Path, change: dict[str, object]
) -> None:
    assert shared_sources.shared(home, one) != shared_sources.shared(home, replace(other, **change))


def test_a_damaged_copy_is_made_anew(one: InterpreterInfo, home: Path) -> None:
    copy = shared_sources.shared(home, one)
    assert copy is not None
    (copy / "jittor" / "nn.py").write_text("LAYERS = 3\n")
    assert shared_sources.shared(home, one) == copy
    assert (copy / "jittor" / "nn.py").read_text() == "LAYERS = 1\n"
    assert sorted(path.name for path in copy.parent.iterdir()) == ["environments", "packages"]


def test_links_are_followed(one: InterpreterInfo, tmp_path: Path, home: Path) -> None:
    linked = fakes.environment(tmp_path / "linked", includes=one.includes)
    for part in shared_sources.PARTS:
        (linked.site[0] / part).symlink_to(one.site[0] / part)
    assert shared_sources.shared(home, linked) == shared_sources.shared(home, one)


def test_a_jittor_that_is_no_plain_folder_is_not_shared(one: InterpreterInfo, home: Path) -> None:
    shutil.rmtree(one.site[0] / "jittor_utils")
    assert shared_sources.shared(home, one) is None
    assert search_path.VARIABLE not in variables.prepare(one, "cpu", home)
    assert not (home / search_path.PLACE).exists()


def test_a_copy_is_never_taken_for_an_environment(one: InterpreterInfo, home: Path) -> None:
    copy = shared_sources.shared(home, one)
    assert copy is not None
    assert shared_sources.shared(home, replace(one, site=(copy, *one.site))) == copy
    assert len(shared_sources.notes(copy.parent)) == 1


def test_a_jittor_that_is_being_installed_is_refused(
    one: InterpreterInfo, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copytree = shutil.copytree

    def copied(source: Path, place: Path, *how: Any, **named: Any) -> None:
        nn(one).write_text("LAYERS = 4\n")
        copytree(source, place, *how, **named)

    monkeypatch.setattr(shutil, "copytree", copied)
    with pytest.raises(NoEnvironment, match=r"is being changed\. Try again once"):
        shared_sources.shared(home, one)


def test_a_jittor_that_is_being_removed_is_refused(
    one: InterpreterInfo, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copied(source: Path, place: Path, **how: Any) -> None:
        raise shutil.Error([(str(source), str(place), "No such file or directory")])

    monkeypatch.setattr(shutil, "copytree", copied)
    with pytest.raises(NoEnvironment, match="is being changed"):
        shared_sources.shared(home, one)


def test_a_cache_that_cannot_be_written_is_refused(one: InterpreterInfo, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NoEnvironment, match="Name a writable folder with ALIGN_CACHE"):
        variables.prepare(one, "cpu", tmp_path / "file" / "home")


LAY_OUT = """
import sys
from pathlib import Path
from harness.environment import shared_sources
from tests.unit.environment.test_shared_sources import with_jittor
print(shared_sources.shared(Path(sys.argv[1]), with_jittor(Path(sys.argv[2]))))
"""


def test_many_environments_at_once_make_one_copy(home: Path, tmp_path: Path) -> None:
    def made(number: int) -> str:
        command = [sys.executable, "-c", LAY_OUT, str(home), str(tmp_path / f"env-{number}")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
        return done.stdout

    with ThreadPoolExecutor(4) as pool:
        (copy,) = set(pool.map(made, range(6)))
    folder = Path(copy.strip()).parent
    assert sorted(path.name for path in folder.iterdir()) == ["environments", "packages"]
    assert len(shared_sources.notes(folder)) == 6


class TestInTheCache:
    """What `align cache` says of copies."""

    def state(self, home: Path) -> str:
        (found,) = [one for one in all_compiled(home, None) if one.path.parent.name == search_path.PLACE]
        assert found.what == "Jittor's sources, shared by environments"
        return found.state

    def test_it_is_there_as_long_as_one_environment_is(
        self, one: InterpreterInfo, other: InterpreterInfo, home: Path
    ) -> None:
        for facts in (one, other):
            shared_sources.shared(home, facts)
        assert self.state(home) == PRESENT
        shutil.rmtree(one.prefix)
        assert self.state(home) == PRESENT
        nn(other).write_text("LAYERS = 2\n")
        assert self.state(home) == STALE

    def test_headers_and_what_is_compiled_go_with_it(self, one: InterpreterInfo, home: Path) -> None:
        variables.prepare(one, "cpu", home)
        assert {found.state for found in all_compiled(home, None)} == {PRESENT}
        shutil.rmtree(one.prefix)
        found = all_compiled(home, None)
        assert [row.state for row in found] == [STALE, STALE]
        assert {row.why for row in found} == {"no environment has this Jittor any more"}

    def test_a_process_that_imports_from_it_is_seen(self, one: InterpreterInfo, home: Path) -> None:
        copy = shared_sources.shared(home, one)
        assert copy is not None
        program = (
            "import sys; from harness.environment import shared_sources; shared_sources.hold(); "
            "print('ready', flush=True); input()"
        )
        path = os.pathsep.join([str(copy), str(ROOT)])
        with subprocess.Popen(
            [sys.executable, "-c", program],
            env={**os.environ, search_path.VARIABLE: path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as user:
            assert user.stdout is not None
            assert user.stdout.readline() == "ready\n"
            assert holders.held([copy.parent]) == {copy.parent: user.pid}
            user.communicate("\n")
        assert holders.held([copy.parent]) == {}


@pytest.mark.jittor
def test_another_environment_finds_the_core_compiled(tmp_path: Path) -> None:
    own = facts_of(Path(sys.executable))
    first = environment.jittor_environment()
    installed = next(place for place in own.site if (place / "jittor_utils").is_dir())
    for part in shared_sources.PARTS:
        shutil.copytree(installed / part, tmp_path / part)
    moved = replace(own, site=(tmp_path, *own.site))
    second = environment.prepare(moved, "cpu", Path(first["JITTOR_HOME"]))
    assert second == first
    python = Path(sys.executable)
    assert compiled_folder(second, python) == compiled_folder(first, python)
    assert is_warm(second, python)
