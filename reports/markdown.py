"""An alignment as Markdown, for a pull request or an issue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.alignment import Alignment
from harness.alignment_rows import Row
from harness.figures import ratio, scientific
from harness.language import tr
from reports import sentences, summaries
from reports.marked import code, prose
from reports.words import bits, count

ROWS = 20
_NAMES = ("address", "type", "relative error", "bits", "noise", "of limit")


def markdown(alignment: Alignment) -> str:
    """The report."""
    rows = summaries.that_matter(alignment, ROWS)
    bad = summaries.diverged(alignment)
    beyond = tr("and {} more of {}").format(len(bad) - len(rows), count(len(bad), "diverged tensor"))
    parts = [
        f"**{summaries.SYMBOLS[alignment.verdict]} {prose(sentences.sentence(alignment))}**",
        *(
            f"{tr('The side {} failed').format(code(name))}: {prose(side.error)}"
            for name, side in summaries.failures(alignment)
        ),
        _table(("", *map(tr, _NAMES)), map(_row, rows)) if rows else "",
        beyond if len(bad) > len(rows) else "",
        _items(summaries.sources(alignment)),
        _attributes(alignment),
        _items([*summaries.against_stored(alignment), *summaries.coverage(alignment)]),
        _items([*summaries.case(alignment), *summaries.environment(alignment)]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _row(row: Row) -> tuple[str, ...]:
    error, noise = summaries.error(row), summaries.noise(row)
    figures = (scientific(error), bits(error), scientific(noise), ratio(row.verdict.ratio))
    return (summaries.SYMBOLS[row.verdict.status], code(row.address), code(row.type), *figures)


def _attributes(alignment: Alignment) -> str:
    differing = [
        (code(summaries.attribute(found)), code(found.reference), code(found.port))
        for found in alignment.attributes
    ]
    return _table((tr("attribute that differs"), tr("reference"), tr("port")), differing) if differing else ""


def _items(items: Iterable[summaries.Item]) -> str:
    return "\n".join(f"- {prose(tr(item.name))}: {prose(item.text)}" for item in items)


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
