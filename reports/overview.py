"""The first things that a report tells: the verdict in at most eight words, and a few small cards."""

from __future__ import annotations

from dataclasses import dataclass

from harness.alignment import Alignment
from harness.alignment_rows import Row
from harness.coverage import RESULTS
from harness.figures import percent, ratio, scientific
from harness.language import tr
from harness.tally import Tally
from reports import sentences, summaries
from reports.roles import roles
from reports.words import bits

MOST_WORDS = 8


@dataclass(frozen=True)
class SmallCard:
    """A small part of the overview: a name, what counts most, a line more, and the address it leads to."""

    name: str
    value: str
    more: str = ""
    address: str = ""


def headline(alignment: Alignment) -> str:
    """The verdict in at most eight words."""
    tally = Tally.of(alignment.rows)
    if alignment.verdict == "failed":
        return tr("A side stopped before the end")
    if alignment.verdict == "inconclusive":
        return tr("The evidence does not decide")
    if alignment.verdict == "diverged" and not tally.diverged:
        return tr("The port diverges from a stored trace")
    if alignment.verdict == "diverged":
        return tr("The port diverges in {} of {} tensors").format(tally.diverged, tally.tensors)
    if tally.judged == tally.tensors:
        return tr("The port agrees in all {} tensors").format(tally.tensors)
    return tr("The port agrees in {} of {} tensors").format(tally.judged, tally.tensors)


def cards(alignment: Alignment) -> list[SmallCard]:
    """First divergence, sources, cause, worst, coverage, cost."""
    first = summaries.row_at(alignment, alignment.first)
    worst = summaries.row_at(alignment, alignment.worst)
    found = [
        _place(tr("First divergence"), first) if first else SmallCard(tr("First divergence"), tr("none")),
        _sources(alignment),
        _cause(alignment),
        _place(tr("Worst") if first else tr("Nearest to its limit"), worst) if worst else None,
        _coverage(alignment),
        _cost(alignment),
    ]
    return [card for card in found if card is not None]


def _place(name: str, row: Row) -> SmallCard:
    error = summaries.error(row)
    if error is None:
        return SmallCard(name, row.address, sentences.reason(row), row.address)
    known = tr("relative error {}, {} bits, {} times its limit")
    more = known.format(scientific(error), bits(error), ratio(row.verdict.ratio))
    return SmallCard(name, row.address, more, row.address)


def _sources(alignment: Alignment) -> SmallCard:
    counted: dict[str, int] = {}
    for role in roles(alignment).values():
        counted[role.name] = counted.get(role.name, 0) + 1
    if not counted:
        return SmallCard(tr("Sources"), tr("none"))
    others = tr("{} tensors carry it on, {} do neither").format(
        counted.get("carrier", 0), counted.get("neither", 0)
    )
    if not alignment.sources:
        return SmallCard(tr("Sources"), tr("none found"), f"{others}; {summaries.alone(alignment)}")
    one = alignment.sources[0]
    rest = len(alignment.sources) - 1
    value = one.address + (tr(" and {} more").format(rest) if rest else "")
    return SmallCard(tr("Sources"), value, others, one.address)


def _cause(alignment: Alignment) -> SmallCard | None:
    if not alignment.sources:
        return None
    explained = next((source for source in alignment.sources if source.cause), None)
    if explained is not None:
        return SmallCard(tr("Cause"), explained.cause, "", explained.address)
    differs = _differing(alignment)
    if differs:
        return SmallCard(tr("Cause"), differs, tr("an attribute that differs at the source"))
    return SmallCard(tr("Cause"), tr("not searched for"), tr("align explain searches for it"))


def _differing(alignment: Alignment) -> str:
    layers = {layer for source in alignment.sources for layer in source.layers}
    found = next((one for one in alignment.attributes if one.layer in layers), None)
    return "" if found is None else f"{summaries.attribute(found)}: {found.reference} → {found.port}"


def _coverage(alignment: Alignment) -> SmallCard:
    found = alignment.coverage
    layers, operations = (f"{found.compared.get(kind, 0)}/{found.recorded.get(kind, 0)}" for kind in RESULTS)
    value = percent(found.share) if found.share is not None else "-"
    return SmallCard(tr("Coverage"), value, tr("layers {}, operations {}").format(layers, operations))


def _cost(alignment: Alignment) -> SmallCard:
    whole = alignment.costs.ratio
    if whole is None:
        return SmallCard(tr("Cost"), "-")
    return SmallCard(tr("Cost"), tr("{:.1f} times the bare runs").format(whole))
