"""An alignment as Markdown, for a pull request or an issue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.alignment import Alignment
from harness.alignment_rows import Row
from harness.figures import ratio, scientific
from reports import summaries
from reports.marked import code, prose
from reports.words import count

ROWS = 20


def markdown(alignment: Alignment) -> str:
    """The report."""
    rows = summaries.that_matter(alignment, ROWS)
    bad = summaries.diverged(alignment)
    beyond = f"and {len(bad) - len(rows)} more of {count(len(bad), 'diverged tensor')}"
    parts = [
        f"**{summaries.SYMBOLS[alignment.verdict]} {prose(alignment.sentence)}**",
        *(
            f"The side {code(name)} failed: {prose(side.error)}"
            for name, side in summaries.failures(alignment)
        ),
        _table(("", "address", "type", "relative error", "noise", "of limit"), map(_row, rows))
        if rows
        else "",
        beyond if len(bad) > len(rows) else "",
        _items(summaries.sources(alignment)),
        _attributes(alignment),
        _items([*summaries.against_stored(alignment), *summaries.coverage(alignment)]),
        _items([*summaries.case(alignment), *summaries.environment(alignment)]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _row(row: Row) -> tuple[str, ...]:
    figures = (scientific(summaries.error(row)), scientific(summaries.noise(row)), ratio(row.verdict.ratio))
    return (summaries.SYMBOLS[row.verdict.status], code(row.address), code(row.type), *figures)


def _attributes(alignment: Alignment) -> str:
    differing = [
        (code(summaries.attribute(found)), code(found.reference), code(found.port))
        for found in alignment.attributes
    ]
    return _table(("attribute that differs", "reference", "port"), differing) if differing else ""


def _items(items: Iterable[summaries.Item]) -> str:
    return "\n".join(f"- {prose(item.name)}: {prose(item.text)}" for item in items)


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
