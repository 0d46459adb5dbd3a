"""An alignment as Markdown, for a pull request or an issue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.alignment import Alignment, Row
from reports import facts
from reports.words import count, printable, ratio, scientific

ROWS = 20
_SPECIAL = str.maketrans({letter: f"\\{letter}" for letter in "\\`*_{}[]<>()#+!|~&@"})


def markdown(alignment: Alignment) -> str:
    """The report."""
    rows = facts.that_matter(alignment, ROWS)
    bad = facts.diverged(alignment)
    beyond = f"and {len(bad) - len(rows)} more of {count(len(bad), 'diverged tensor')}"
    parts = [
        f"**{facts.SYMBOLS[alignment.verdict]} {_text(alignment.sentence)}**",
        *(f"The side {_text(name)} failed: {_text(side.error)}" for name, side in facts.failures(alignment)),
        _table(("", "address", "type", "error", "noise", "of limit"), map(_row, rows)) if rows else "",
        beyond if len(bad) > len(rows) else "",
        _items(facts.sources(alignment)),
        _attributes(alignment),
        _items([*facts.held(alignment), *facts.coverage(alignment)]),
        _items([*facts.case(alignment), *facts.environment(alignment)]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _row(row: Row) -> tuple[str, ...]:
    figures = (scientific(facts.error(row)), scientific(facts.noise(row)), ratio(row.verdict.ratio))
    return (facts.SYMBOLS[row.verdict.status], _text(row.address), _text(row.type), *figures)


def _attributes(alignment: Alignment) -> str:
    differing = [
        (_text(facts.attribute(found)), _text(found.get("reference")), _text(found.get("port")))
        for found in alignment.attributes
    ]
    return _table(("attribute that differs", "reference", "port"), differing) if differing else ""


def _items(items: Iterable[facts.Item]) -> str:
    return "\n".join(f"- {_text(item.name)}: {_text(item.text)}" for item in items)


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _text(value: object) -> str:
    """A text that Markdown shows as it is."""
    return printable(value).translate(_SPECIAL)
