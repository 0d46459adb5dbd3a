"""`pytest` without a word runs what the gate runs; `--slow` adds the rest; the time left is told."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import ROOT, sharing, time_left
from tests.selection import LEFT_OUT
from tests.unit.test_conftest import run_pytest

PLAIN = "import pytest, sys; sys.exit(pytest.main(sys.argv[1:]))"


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A test of each kind that the gate leaves out, and one that it runs."""
    marked = "".join(f"@pytest.mark.{mark}\ndef test_{mark}(): pass\n" for mark in LEFT_OUT)
    path = tmp_path / "test_kinds.py"
    path.write_text(f"import pytest\n{marked}def test_quick(): pass\n", encoding="utf-8")
    return path


def test_what_the_gate_leaves_out_is_left_out_unasked(module: Path) -> None:
    done = run_pytest(module, "-v", program=PLAIN)
    assert "test_quick PASSED" in done.stdout, done.stdout + done.stderr
    assert "1 passed, 3 deselected" in done.stdout
    assert "left out as slow, gpu, benchmark_only: 3; --slow runs them too" in done.stdout


def test_slow_adds_the_rest(module: Path) -> None:
    done = run_pytest(module, "--slow", program=PLAIN)
    assert "4 passed in" in done.stdout, done.stdout + done.stderr
    assert "left out" not in done.stdout


def test_a_mark_that_a_folders_conftest_adds_counts(module: Path) -> None:
    (module.parent / "conftest.py").write_text(
        "import pytest\n"
        "def pytest_collection_modifyitems(items):\n"
        "    [item.add_marker(pytest.mark.slow) for item in items if 'quick' in item.name]\n",
        encoding="utf-8",
    )
    done = run_pytest(module, program=PLAIN)
    assert "4 deselected" in done.stdout, done.stdout + done.stderr


def test_the_gate_calls_the_command_of_the_readme() -> None:
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    calls = re.findall(r"^(\S.* )?(\./run pytest.*?)(?: \||$)", gate, re.MULTILINE)
    assert [call for before, call in calls if not before.startswith("printf")] == ["./run pytest"]
    assert "\n./run pytest\n" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_run_shows_how_many_tests_are_done_and_the_time_left(module: Path) -> None:
    at_once = f"from tests import time_left; time_left.EVERY_IN_A_PIPE = 0.0; {PLAIN}"
    done = run_pytest(module, program=at_once)
    assert re.search(r"^1 of 1 tests, 0 s gone, about 0 s left$", done.stdout, re.MULTILINE), done.stdout
    assert " left\n" not in run_pytest(module, "--collect-only", program=at_once).stdout


def test_all_tests_are_shared_between_processes_and_some_are_not(module: Path) -> None:
    (module.parent / "test_more.py").write_text("def test_other(): pass\n", encoding="utf-8")
    enough = f"from tests import sharing; sharing.processes = lambda: 2; {PLAIN}"
    done = run_pytest("-o", f"testpaths={module.parent}", program=enough)
    assert "2 workers [2 items]" in done.stdout, done.stdout + done.stderr
    assert "2 passed in" in done.stdout
    for alone in (["-o", f"testpaths={module.parent}", "--slow"], [module.parent]):
        done = run_pytest(*alone, program=enough)
        assert "workers" not in done.stdout, done.stdout + done.stderr


def test_there_are_as_many_processes_as_memory_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing.os, "sched_getaffinity", lambda process: range(8))
    for memory, expected in ((64, 2), (12, 2), (11, 0), (0, 0)):
        monkeypatch.setattr(sharing, "available_bytes", lambda memory=memory: memory << 30)
        assert sharing.processes() == expected
    monkeypatch.setattr(sharing.os, "sched_getaffinity", lambda process: range(1))
    assert sharing.processes() == 0


def test_the_time_left_of_shared_tests_is_that_of_each_process() -> None:
    clock = Clock()
    shown, _ = plugin(Cache({"align/seconds": {"a": 200.0, "b": 400.0}}), clock)
    for _ in range(2):
        shown.pytest_xdist_node_collection_finished(["a", "b"])
    assert shown.line() == "0 of 2 tests, 0 s gone, about 5 min left"
    finish(shown, clock, "b", 400)
    clock.now = 210  # the other process has not ended
    assert shown.line() == "1 of 2 tests, 4 min gone, about 2 min left"


class Clock:
    """A time that the test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def item(name: str, *marks: str) -> Any:
    """What the plugin asks of a test."""
    return SimpleNamespace(nodeid=name, get_closest_marker=lambda mark: mark in marks or None)


class Cache(dict[str, Any]):
    """Pytest's cache."""

    def set(self, key: str, value: Any) -> None:
        """Keep a value."""
        self[key] = value


def plugin(cache: Cache, clock: Clock, every: float = 10) -> tuple[time_left.TimeLeft, list[str]]:
    """The plugin, and the lines that it writes."""
    lines: list[str] = []
    config: Any = SimpleNamespace(cache=cache)
    return time_left.TimeLeft(config, every, lines.append, clock), lines


def finish(shown: time_left.TimeLeft, clock: Clock, name: str, seconds: float) -> None:
    """Let a test end."""
    clock.now += seconds
    for part in (0.25, 0.5, 0.25):
        report: Any = SimpleNamespace(nodeid=name, duration=part * seconds)
        shown.pytest_runtest_logreport(report)
    shown.pytest_runtest_logfinish(name)


def test_the_time_left_is_guessed_by_what_tests_need() -> None:
    clock = Clock()
    shown, lines = plugin(Cache(), clock)
    session: Any = SimpleNamespace(items=[item("a"), item("b", "jittor"), item("c", "jittor", "torch")])
    shown.pytest_collection_finish(session)
    assert shown.line() == "0 of 3 tests, 0 s gone, about 6 s left"
    finish(shown, clock, "a", 0.1)
    assert lines == []  # not yet ten seconds
    finish(shown, clock, "b", 63)  # a slow machine: 123 seconds where 63 were expected, with the trust
    assert lines == ["2 of 3 tests, 63 s gone, about 6 s left"]


def test_what_tests_took_is_remembered() -> None:
    cache, clock = Cache(), Clock()
    shown, _ = plugin(cache, clock)
    session: Any = SimpleNamespace(items=[item("a"), item("b")])
    shown.pytest_collection_finish(session)
    finish(shown, clock, "a", 200)
    finish(shown, clock, "b", 0.01)
    shown.pytest_sessionfinish()
    assert cache == {"align/seconds": {"a": 200.0}}
    again, _ = plugin(cache, clock)
    again.pytest_collection_finish(session)
    assert again.line() == "0 of 2 tests, 0 s gone, about 3 min left"
