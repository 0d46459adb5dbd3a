"""The knowledge base is whole, and found by the names that people use."""

from __future__ import annotations

import pytest

from harness import knowledge
from harness.errors import BadInput


@pytest.mark.parametrize("item", knowledge.entries().values(), ids=lambda item: item.id)
def test_entry_says_what_happens_and_what_to_do(item: knowledge.Entry) -> None:
    assert item.title
    assert item.operations
    assert len(item.does.split()) >= 4
    assert item.measured
    assert item.instead
    assert item.since == "1.3.11.0"


def test_no_name_of_jittor_has_two_entries() -> None:
    names = [name for item in knowledge.entries().values() for name in item.uses]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", ["BatchNorm2d", "nn.BatchNorm2d", "batch_norm", "running-var-biased"])
def test_search_finds_by_any_spelling(name: str) -> None:
    assert "running-var-biased" in [item.id for item in knowledge.search(name)]


def test_unknown_operation_is_refused_with_what_is_near() -> None:
    with pytest.raises(BadInput, match=r"no entry on 'interpolat'.*interpolate"):
        knowledge.search("interpolat")
