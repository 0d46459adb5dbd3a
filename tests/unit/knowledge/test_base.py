"""The knowledge base is whole, and found by the names that people use."""

from __future__ import annotations

import pytest

from harness import knowledge
from harness.errors import BadInput
from harness.knowledge import _measured
from tests import knowledge_page


@pytest.mark.parametrize("item", knowledge.entries().values(), ids=lambda item: item.id)
def test_entry_says_what_happens_and_what_to_do(item: knowledge.Entry) -> None:
    assert item.title
    assert item.operations
    assert len(item.does.split()) >= 4
    assert item.measured
    assert item.instead
    assert item.kind in knowledge.KINDS


@pytest.mark.parametrize("version", knowledge.measured())
def test_every_entry_was_measured_in_a_version(version: str) -> None:
    facts = knowledge.measured()[version]
    assert list(facts) == list(knowledge.entries())
    assert sum(isinstance(fact, bool) for fact in facts.values()) > len(facts) * 0.9


def test_the_pinned_version_is_the_newest_measured() -> None:
    assert list(knowledge.measured())[-1] == "1.3.11.0"


def test_versions_are_told_from_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    table: knowledge.Measured = {
        "1.3.8.5": {"begins": False, "ends": True, "fails": "AttributeError: no"},
        "1.3.10.0": {"begins": True, "ends": True, "fails": True},
        "1.3.11.0": {"begins": True, "ends": False, "fails": True},
    }
    monkeypatch.setattr(_measured, "measured", lambda: _measured.in_order(dict(reversed(table.items()))))
    assert [_measured.span(name) for name in ("begins", "ends", "fails", "other")] == [
        ("1.3.10.0", ""),
        ("1.3.8.5", "1.3.10.0"),
        ("1.3.10.0", ""),
        ("", ""),
    ]
    assert knowledge.words("begins") == "Jittor: so in 1.3.10.0 and 1.3.11.0, not in 1.3.8.5"
    assert knowledge.words("fails") == "Jittor: so in 1.3.10.0 and 1.3.11.0, not known of 1.3.8.5"
    assert knowledge.words("other") == "Jittor: not measured"
    assert [knowledge.is_so("ends", version) for version in ("1.3.8.5", "1.3.11.0", "2.0")] == [
        True,
        False,
        False,
    ]


def test_no_name_of_jittor_has_two_entries() -> None:
    names = [name for item in knowledge.entries().values() for name in item.uses]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", ["BatchNorm2d", "nn.BatchNorm2d", "batch_norm", "running-var-biased"])
def test_search_finds_by_any_spelling(name: str) -> None:
    assert "running-var-biased" in [item.id for item in knowledge.search(name)]


def test_unknown_operation_is_refused_with_what_is_near() -> None:
    with pytest.raises(BadInput, match=r"no entry on 'interpolat'.*interpolate"):
        knowledge.search("interpolat")


def test_the_page_says_what_the_base_says() -> None:
    written = knowledge_page.PAGE.read_text(encoding="utf-8")
    assert written == knowledge_page.page(), "run python -m tests.knowledge_page"
    linked = {entry.issue for entry in knowledge.entries().values()} - {""}
    assert all(f"| {issue} |" in written for issue in linked)
