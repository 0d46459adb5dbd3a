"""Writes the facts of docs/knowledge.md from the knowledge base: `python -m tests.knowledge_page`."""

from __future__ import annotations

from harness import knowledge
from tests import ROOT

PAGE = ROOT / "docs" / "knowledge.md"
MARK = "change it there. -->\n"


def page() -> str:
    """The page, its head as it stands and the facts anew."""
    head, mark, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    return "".join([head, mark, "\n", _table(), *map(_section, knowledge.entries().values())])


def _table() -> str:
    versions = list(knowledge.measured())
    lines = [f"| fact | kind | {' | '.join(versions)} |", "| --- | --- |" + " --- |" * len(versions)]
    for name, entry in knowledge.entries().items():
        facts = knowledge.of_entry(name)
        cells = [_cell(facts.get(version, "")) for version in versions]
        lines.append(f"| [{name}](#{name}) | {entry.kind} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(fact: knowledge.Fact) -> str:
    return {True: "yes", False: "no"}[fact] if isinstance(fact, bool) else "?"


def _section(entry: knowledge.Entry) -> str:
    rows = [
        ("About", ", ".join(f"`{name}`" for name in entry.operations)),
        ("Jittor", entry.does),
        ("Measured", entry.measured),
        ("Instead", entry.instead),
        ("Reported as", entry.issue),
    ]
    listed = "\n".join(f"- {name}: {text}" for name, text in rows if text)
    return f"\n### {entry.id}\n\n{entry.title}.\n\n{listed}\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
