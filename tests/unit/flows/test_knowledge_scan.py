"""Measuring the knowledge base with an interpreter: what ends the process, and the table of versions."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness import knowledge
from harness.environment.processes import Ended
from harness.errors import BadInput, NoEnvironment
from harness.flows import knowledge_scan
from harness.flows.knowledge_scan import read_table, scan_knowledge, write_table
from tests.older_interpreters import interpreter

NAMES = list(knowledge.entries())


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, Any] | None, Ended]]:
    """What processes of a Jittor would print and how they would end, one after another."""
    given: list[tuple[dict[str, Any] | None, Ended]] = []
    asked: list[list[str]] = []

    def ask(python: Path, what: Path, names: list[str], env: object, seconds: float) -> Any:
        asked.append(list(names))
        return given.pop(0)

    monkeypatch.setattr(knowledge_scan, "ask", ask)
    monkeypatch.setattr(
        knowledge_scan, "facts_of", lambda python: SimpleNamespace(packages={"jittor": "1.3.9.9"})
    )
    monkeypatch.setattr(knowledge_scan, "prepare", lambda *_: {"JITTOR_HOME": "home"})
    monkeypatch.setattr(knowledge_scan, "warm_up", lambda *_: 1)
    return given


def test_a_fact_that_ends_the_process_is_told_and_the_rest_is_measured(answers: list[Any]) -> None:
    first, ends, *rest = NAMES
    answers.append(
        ({"version": "1.3.9.9", "running": ends, "found": {first: True}}, Ended(-11, "", "a fault"))
    )
    answers.append(
        ({"version": "1.3.9.9", "running": "", "found": dict.fromkeys(rest, False)}, Ended(0, "", ""))
    )
    found = scan_knowledge(Path("python"), lambda text: None)
    assert found.version == "1.3.9.9"
    assert found.facts == {
        first: True,
        ends: "it ended the process (signal 11)",
        **dict.fromkeys(rest, False),
    }


def test_a_jittor_that_does_not_start_is_an_error(answers: list[Any]) -> None:
    answers.append((None, Ended(1, "", "ImportError: no libc")))
    with pytest.raises(NoEnvironment, match="ImportError: no libc"):
        scan_knowledge(Path("python"), lambda text: None)


def test_an_interpreter_without_jittor_is_refused() -> None:
    bare = interpreter("3.8")
    if bare is None:
        pytest.skip("no Python 3.8 here")
    with pytest.raises(NoEnvironment, match=r"has no Jittor.*--python"):
        scan_knowledge(bare, lambda text: None)


def test_a_table_is_kept_in_the_order_of_versions(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    assert read_table(path) == {}
    write_table({"1.3.10.0": {"mean-drift": "raises"}, "1.3.9.14": {"mean-drift": False}}, path)
    assert list(read_table(path).items()) == [
        ("1.3.9.14", {"mean-drift": False}),
        ("1.3.10.0", {"mean-drift": "raises"}),
    ]


@pytest.mark.parametrize("text", ["", "[1]", '{"1.3.9": 4}', "{" * 10_000])
def test_what_is_no_table_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    path.write_text(text)
    with pytest.raises(BadInput, match="no table of versions"):
        read_table(path)
