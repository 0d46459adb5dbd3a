"""The contents of every report on an alignment; the reports decide how they look."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from harness.alignment import Alignment
from harness.alignment_rows import Row, SideReport
from harness.attributes import AttributeDifference
from harness.comparing import in_order_of_computation
from harness.costs import SideCosts, Spent
from harness.coverage import Coverage, Gap
from harness.figures import scientific
from harness.language import tr
from harness.numerics import Difference
from harness.own_name import command
from reports import sentences
from reports.words import count, seconds, size

SYMBOLS = {
    "aligned": "✔",
    "diverged": "✘",
    "inconclusive": "?",
    "failed": "!",
    "inner": "≈",
    "skipped": "-",
    "not compared": "·",
}
_NAMED = 3
_IN_LAYER = re.compile(r" in (\S+),")


@dataclass(frozen=True)
class Item:
    """One line of a report: its subject and its text."""

    name: str
    text: str


def diverged(alignment: Alignment) -> list[Row]:
    """The rows that diverge, in the order in which their values come about."""
    return [row for row in in_order_of_computation(alignment.rows) if row.verdict.status == "diverged"]


def by_ratio(rows: Iterable[Row]) -> list[Row]:
    """Rows, those nearest to or furthest beyond their limit first."""
    judged = [row for row in rows if row.verdict.ratio is not None]
    return sorted(judged, key=lambda row: -(row.verdict.ratio or 0.0))


def that_matter(alignment: Alignment, most: int) -> list[Row]:
    """The rows to show when there is room for `most`: the diverged ones, else those nearest to their limit.

    The worst row is always among them.
    """
    rows = diverged(alignment)
    if not rows:
        return by_ratio(alignment.rows)[:most]
    shown = rows[:most]
    worst = row_at(alignment, alignment.worst)
    if worst is not None and worst not in shown:
        shown[-1] = worst
    return shown


def row_at(alignment: Alignment, address: str | None) -> Row | None:
    """The row of an address."""
    return next((row for row in alignment.rows if row.address == address), None)


def error(row: Row) -> float | None:
    """The candidate's error as every text shows it; None where nothing was measured."""
    return row.figures.error if row.figures is not None else None


def noise(row: Row) -> float | None:
    """The reference's own error, measured likewise."""
    return row.figures.noise if row.figures is not None else None


def measures(row: Row) -> list[Item]:
    """Everything that was measured at an address."""
    where = [Item("type", row.type), Item("shape", size(row.shape)), Item("dtype", row.dtype)]
    if row.inputs:
        where.append(Item("fed by", ", ".join(row.inputs)))
    if row.note:
        where.append(Item("note", row.note))
    found = row.figures
    if found is None:
        return [item for item in where if item.text]
    difference = found.difference
    whole, samples = tr("every element"), tr("samples of {}").format(count(found.size, "element"))
    basis = whole if found.basis == "whole" else samples
    relative = _pair(difference.rel_l2, difference.max_rel)
    passes = tr("rtol {} or atol {}").format(
        scientific(difference.pass_rtol), scientific(difference.pass_atol)
    )
    figures = [
        Item("measured on", basis),
        Item(found.error_name, scientific(found.error)),
        Item("absolute error, from the truth", _pair(found.error_l2, found.error_max)),
        Item("absolute noise of the reference", _pair(found.noise_l2, found.noise_max)),
        Item("size of the truth", _pair(found.truth_l2, found.truth_absmax)),
        Item("difference", _pair(difference.l2, difference.max_abs)),
        Item("relative difference", relative),
        Item("cosine", f"{difference.cosine:.9f}"),
        Item("units in the last place", str(difference.max_ulp)),
        Item("not finite on one side", str(difference.nonfinite)),
        Item("worst element", _worst(difference)),
        Item("would pass", passes),
    ]
    return [item for item in where + figures if item.text]


_PLACES = 3


def sources(alignment: Alignment) -> list[Item]:
    """The sources: place, result of the isolated layer, and the cause if it was searched for.

    Those with the same cause stand together, above it.
    """
    items, causes = [], set[str]()
    for source in alignment.sources:
        if source.cause in causes:
            continue
        alike = [other for other in alignment.sources if source.cause and other.cause == source.cause]
        for place in alike[:_PLACES] or [source]:
            layers = ", ".join(place.layers)
            text = sentences.source_text(alignment, place)
            items.append(Item(f"{place.direction} source", f"{place.address} ({layers}): {text}"))
        if len(alike) > _PLACES:
            more = tr("and {} more").format(len(alike) - _PLACES)
            items.append(Item(f"{source.direction} source", more))
        if source.cause:
            causes.add(source.cause)
            items.append(Item("cause", source.cause))
        items += [Item("known", command(f"explain --op {shlex.quote(entry)}")) for entry in source.entries]
    return items


def alone(alignment: Alignment) -> str:
    """The result of running each layer alone, or why that was not done."""
    if alignment.isolated.ran:
        judged = count(alignment.isolated.judged or 0, "tensor")
        said = tr("{} of layers that ran alone, {} where an error is made")
        return said.format(judged, len(alignment.sources))
    return alignment.isolated.why or tr("layers were not run alone")


def attribute(found: AttributeDifference) -> str:
    """The full name of an attribute that differs."""
    return f"{found.layer}.{found.name}"


def coverage(alignment: Alignment) -> list[Item]:
    """What was compared, what was not, and why."""
    found = alignment.coverage
    items = [Item("compared", _compared(found))]
    if alignment.isolated.ran is not None:
        items.append(Item("alone", alone(alignment)))
    for name, gaps in (
        ("inner difference", found.inner),
        ("not compared", found.not_compared),
        ("not judged", found.skipped),
    ):
        for why, addresses in reasons(gaps).items():
            items.append(Item(name, f"{count(len(addresses), 'tensor')}: {why}"))
    if found.fallback:
        tensors = count(len(found.fallback), "tensor")
        items.append(Item("without a truth", tr("{}, judged by a fixed tolerance instead").format(tensors)))
    if found.weak:
        tensors = count(len(found.weak), "tensor")
        items.append(Item("weak", tr("{}, where the reference's own noise is above 10 %").format(tensors)))
    for side, names in found.unpaired.items():
        if names:
            more = ", …" if len(names) > _NAMED else ""
            items.append(
                Item(tr("only in {}").format(side), f"{len(names)}: {', '.join(names[:_NAMED])}{more}")
            )
    for one in found.case_differences:
        items.append(
            Item("the cases differ", tr("{} is {} and {}").format(one.name, one.reference, one.candidate))
        )
    return items


def against_stored(alignment: Alignment) -> list[Item]:
    """How each side fares against a stored trace, where there is one beside the reference."""
    return [
        Item(
            tr("{} against {}").format(one.side, one.trace), f"{SYMBOLS.get(one.verdict, '?')} {one.sentence}"
        )
        for one in alignment.against_stored
    ]


def _compared(found: Coverage) -> str:
    recorded = found.recorded or found.compared
    parts = [
        tr("{} {} of {}").format(tr(kind.replace("_", " ")), found.compared.get(kind, 0), number)
        for kind, number in recorded.items()
    ]
    return ", ".join(parts) or tr("nothing")


def reasons(gaps: list[Gap]) -> dict[str, list[str]]:
    """Addresses that were left out, by the reason; reasons that differ by the layer alone are one."""
    by_text: dict[str, list[str]] = {}
    for gap in gaps:
        by_text.setdefault(gap.why, []).append(gap.address)
    alike: dict[str, list[str]] = {}
    for why in by_text:
        alike.setdefault(_IN_LAYER.sub(" in …,", why, count=1), []).append(why)
    return {
        _together(texts): [address for why in texts for address in by_text[why]] for texts in alike.values()
    }


def _together(texts: list[str]) -> str:
    """One reason for several that name a layer each."""
    if len(texts) == 1:
        return texts[0]
    layers = [found[1] for found in map(_IN_LAYER.search, texts) if found]
    more = ", …" if len(layers) > _NAMED else ""
    where = f" in {len(layers)} layers ({', '.join(layers[:_NAMED])}{more}),"
    return _IN_LAYER.sub(lambda _: where, texts[0], count=1)


def case(alignment: Alignment) -> list[Item]:
    """What was run."""
    shown = {key: value for key, value in alignment.case.items() if value is not None and value != ""}
    return [Item(key.replace("_", " "), _plain(value)) for key, value in shown.items()]


def judging(alignment: Alignment) -> list[Item]:
    """What judged: the policy with its figures, and the rules that a pair has for some addresses."""
    settings = {key: value for key, value in alignment.policy.items() if value != {}}
    figures = [Item(key.replace("_", " "), _plain(value)) for key, value in settings.items()]
    rules = [Item(rule.pattern, f"{rule.policy}: {rule.reason}") for rule in alignment.overrides]
    return figures + rules


def origin(alignment: Alignment) -> list[Item]:
    """What made the alignment, when and where; the seeds stand in the case."""
    found = alignment.provenance
    cores = count(found.cores, "core") if found.cores else ""
    items = [
        Item("pair", found.title),
        Item("upstream", found.upstream),
        Item("command", found.command),
        Item("date", found.date),
        Item("align", found.program),
        Item("host", ", ".join(filter(None, [found.host, found.processor, cores]))),
    ]
    return [item for item in items if item.text]


def failures(alignment: Alignment) -> list[tuple[str, SideReport]]:
    """The sides that did not get to the end."""
    return [(name, side) for name, side in alignment.sides.items() if side.status == "failed"]


def environment(alignment: Alignment) -> list[Item]:
    """The versions and devices of both sides."""
    items = []
    for name, side in alignment.sides.items():
        versions = ", ".join(f"{key} {_plain(value)}" for key, value in side.versions.items())
        items.append(Item(name, ", ".join(part for part in (side.device, versions) if part) or "-"))
    return items


_LEAST_PEAK = 1 << 20
_STEPS = {
    "start": "start the framework",
    "build": "build the model",
    "warm_up": "warm up and compile",
    "bare": "run bare",
    "room": "make room for the trace",
    "recorded": "run recorded",
    "truth": "float64 run and noise",
    "judge": "compare and judge",
    "isolated_truth": "float64 run of layers alone",
    "isolated": "run layers alone and judge",
    "explain": "try hypotheses",
}


@dataclass(frozen=True)
class CostLine:
    """One step of the work and its cost on each side; `both` is for what is done once."""

    name: str
    by_side: dict[str, str]
    both: str = ""


def costs(alignment: Alignment) -> list[CostLine]:
    """What the comparison cost, step by step."""
    found = alignment.costs
    sides = {name: _side_costs(alignment, name) for name in alignment.sides}
    lines = []
    for step, name in _STEPS.items():
        by_side = {side: duration(getattr(spent, step, None)) for side, spent in sides.items()}
        both = duration(getattr(found, step, None))
        if any(by_side.values()) or both:
            lines.append(CostLine(tr(name), by_side, both))
    peaks = {side: _peak(spent) for side, spent in sides.items() if _peak(spent)}
    if peaks:
        lines.append(CostLine(tr("peak memory"), peaks))
    if found.ratio is not None:
        lines.append(
            CostLine(tr("whole comparison"), {}, tr("{:.1f} times the bare runs").format(found.ratio))
        )
    return lines


def _side_costs(alignment: Alignment, side: str) -> SideCosts:
    """What a side took; a stored trace knows that of the recorded run alone."""
    return alignment.costs.sides.get(side) or SideCosts(recorded=alignment.sides[side].cost)


def duration(spent: Spent | float | None) -> str:
    """Wall time, and in brackets the processor's where it is known."""
    if spent is None:
        return ""
    if not isinstance(spent, Spent):
        return seconds(spent)
    if spent.cached:
        return tr("kept from an earlier run")
    if spent.wall is None:
        return f"({seconds(spent.cpu)})" if spent.cpu is not None else ""
    return f"{seconds(spent.wall)} ({seconds(spent.cpu)})" if spent.cpu is not None else seconds(spent.wall)


def _peak(spent: SideCosts) -> str:
    """How far memory rose; what pages that were there already may hold is no figure."""
    peak = spent.recorded.peak_bytes if spent.recorded else None
    return f"{peak / 2**20:.0f} MiB" if peak and peak >= _LEAST_PEAK else ""


def observer(alignment: Alignment) -> list[Item]:
    """Whether being recorded changed the results."""
    items = []
    for side, found in alignment.observer.items():
        if found.bitwise:
            text = tr("recording changes no bit of the result")
        elif found.max_abs is not None:
            text = tr("recording changes the result by up to {}").format(scientific(found.max_abs))
            if found.scale:
                text += tr(", in values up to {}").format(scientific(found.scale))
        else:
            continue
        items.append(Item(side, text))
    return items


def _pair(l2: float | None, largest: float | None) -> str:
    return "" if l2 is None else tr("l2 {}, max {}").format(scientific(l2), scientific(largest))


def _worst(difference: Difference) -> str:
    if difference.worst is None:
        return ""
    place = ", ".join(map(str, difference.worst))
    said = tr("{!r} instead of {!r} at [{}]")
    return said.format(difference.worst_candidate, difference.worst_reference, place)


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, (list, tuple)):
        return "x".join(_plain(item) for item in value)
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_plain(item)}" for key, item in value.items())
    return str(value)
