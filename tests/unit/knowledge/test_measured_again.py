"""The knowledge base is held against the installed Jittor: each fact is measured again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness import knowledge
from harness.flows.knowledge_scan import scan_knowledge
from harness.sides import programs

PROBES = Path(programs.__file__).parent / "jittor_probes.py"


def test_every_entry_has_a_probe() -> None:
    source = PROBES.read_text(encoding="utf-8")
    assert [name for name in knowledge.entries() if f'@probe("{name}")' not in source] == []
    assert source.count("@probe(") == len(knowledge.entries())


@pytest.mark.slow  # each fact compiles an operator or two
@pytest.mark.jittor
def test_the_installed_jittor_does_what_the_table_says() -> None:
    found = scan_knowledge(Path(sys.executable), lambda text: None)
    assert found.facts == knowledge.measured()[found.version]
