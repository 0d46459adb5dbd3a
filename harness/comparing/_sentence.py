"""The verdict in one sentence or a few, on one line."""

from __future__ import annotations

from collections import Counter

from harness import address as addresses
from harness.alignment import Alignment
from harness.alignment_rows import Row, SideReport
from harness.comparing._inconclusive import why_inconclusive
from harness.comparing._places import kind_of
from harness.comparing._source_words import sources_sentence
from harness.coverage import CaseDifference
from harness.figures import percent
from harness.layer_choice import ALL
from harness.tally import Tally

_KINDS = {"grad": "parameter gradient", "grad_input": "input gradient", "layer_grad": "layer gradient",
          "operation_grad": "operation gradient",
          "loss": "loss value", "state": "buffer"}  # fmt: skip
_SHOWN = 3
_LONGEST_ERROR, _BEGINNING, _END = 300, 95, 200


def sentence(alignment: Alignment) -> str:
    """The verdict in words: the first place, the worst place, the figures, and what was not compared."""
    why = why_inconclusive(alignment) if alignment.verdict == "inconclusive" else ""
    parts = [why, _opening(alignment), *_places(alignment), *_remarks(alignment)]
    parts += [f"Held against {found.trace}: {found.sentence}" for found in alignment.against_stored]
    parts.append(sources_sentence(alignment))
    return " ".join(" ".join(part.split()) for part in parts if part)


def _opening(alignment: Alignment) -> str:
    reference, candidate = alignment.names
    tally = Tally.of(alignment.rows)
    tensors = _count(tally.tensors, "tensor")
    failed = [(name, side) for name, side in alignment.sides.items() if side.status == "failed"]
    stopped = [_stopped(name, side) for name, side in sorted(failed, key=lambda one: one[1].was_ended)]
    if stopped:
        until = "Nothing could be compared."
        if tally.judged:
            others = tally.others("aligned")
            until = f"Of {_count(tally.judged, 'tensor')} compared before that, {tally.diverged} diverged"
            until += f"; {others}." if others else "."
        return " ".join([*stopped, until])
    if tally.diverged:
        others = _in_brackets(tally.others())
        return f"{candidate} diverges from {reference} in {tally.diverged} of {tensors}{others}."
    kinds = Counter(kind_of(row.address) for row in alignment.rows if row.verdict.status == "aligned")
    parts = ", ".join(
        _count(number, _KINDS.get(kind, kind.replace("_", " "))) for kind, number in kinds.items()
    )
    share = "all" if tally.judged == tally.tensors else str(tally.judged)
    others = "; ".join(filter(None, [parts, tally.others("aligned")]))
    return f"{candidate} agrees with {reference} in {share} of {tensors} ({others})."


def _in_brackets(text: str) -> str:
    return f" ({text})" if text else ""


def _stopped(name: str, side: SideReport) -> str:
    error = side.error.strip() or "no reason was given"
    if len(error) > _LONGEST_ERROR:
        error = f"{error[:_BEGINNING]} ... {error[-_END:]}"  # Jittor tells the shapes at the end
    signal = f" ({side.signal})" if side.signal and side.signal not in error else ""
    place = f" at {side.last_layer}" if side.last_layer and side.last_layer not in error else ""
    return f"{name} stopped short{signal}{place}: {error.rstrip('.')}."


def _places(alignment: Alignment) -> list[str]:
    rows = {row.address: row for row in alignment.rows}
    worst = rows[alignment.worst] if alignment.worst else None
    if alignment.first is None:
        if worst is None or not worst.verdict.ratio:
            return []
        return [f"Nearest to its limit is {_label(worst)}: {worst.verdict.reason}."]
    first = rows[alignment.first]
    parts = [f"First at {_label(first)}{_origin(first, alignment.rows)}: {first.verdict.reason}."]
    parts.append(_differing_attributes(first, alignment))
    if worst is not None and worst is not first:
        parts.append(f"Worst at {_label(worst)}: {worst.verdict.reason}.")
    return parts


def _label(row: Row) -> str:
    return f"{row.address} ({row.type})" if row.type else row.address


def _origin(row: Row, rows: list[Row]) -> str:
    """For the input of a layer: what computes it."""
    if kind_of(row.address) != "layer_input":
        return ""
    if row.inputs:
        return f", which is {row.inputs[0]}"
    before = [
        other
        for other in rows
        if other.order < row.order and kind_of(other.address) == "layer" and other.verdict.status == "aligned"
    ]
    last = max(before, key=lambda other: other.order, default=None)
    return f", an operation after {last.address}" if last else ", an operation before any layer"


def _differing_attributes(row: Row, alignment: Alignment) -> str:
    """What else differs in the layer of a row, or in the operation that computes its input."""
    paths = {
        addresses.parse_layer(address).path
        for address in (row.address, *(row.inputs if kind_of(row.address) == "layer_input" else ()))
        if addresses.kind(address) == "layer"
    }
    reference, candidate = alignment.names
    differing = [
        f"{_named(item.name)} is {item.port} in {candidate} and {item.reference} in {reference}"
        for item in alignment.attributes
        if item.layer in paths
    ]
    return f"Its {', its '.join(differing)}." if differing else ""


def _named(name: str) -> str:
    return f"argument {name}" if name.isdigit() else name


def _remarks(alignment: Alignment) -> list[str]:
    reference, _ = alignment.names
    failed = any(side.status == "failed" for side in alignment.sides.values())
    missing = [] if failed else [row for row in alignment.rows if row.verdict.status == "not compared"]
    layers: dict[str, str] = {}
    for row in missing:
        if kind_of(row.address) == "layer":
            layers.setdefault(addresses.parse_layer(row.address).path, row.verdict.reason)
    operations = sum(kind_of(row.address) == "operation" for row in missing)
    parts = [_covered(alignment), _inner(alignment)]
    if layers:
        reason = next(iter(layers.values()))
        count = _count(len(layers), "layer")
        parts.append(f"Not compared: {count} of {reference}, {_some(list(layers))} ({reason}).")
    if operations:
        parts.append(f"{_count(operations, 'operation')} could not be paired.")
    if unkept := sum(row.found == "candidate" for row in missing):
        parts.append(f"{reference} keeps no gradient of {_count(unkept, 'parameter')}.")
    parts.append(_dropout(alignment))
    if alignment.truth:
        parts.append(f"What float32 strays is known from {alignment.truth}.")
    if fallback := alignment.coverage.fallback:
        parts.append(
            f"Fixed tolerances decided in {_count(len(fallback), 'tensor')} without a float64 truth."
        )
    if weak := alignment.coverage.weak:
        parts.append(
            f"The reference's own noise is above 10 % in {_count(len(weak), 'tensor')}: it says little there."
        )
    if skipped := [row for row in alignment.rows if row.verdict.policy == "skip"]:
        parts.append(f"Left out by the pair: {_count(len(skipped), 'tensor')}.")
    differences = alignment.coverage.case_differences
    if differences:
        listed = "; ".join(_case_difference(item) for item in differences)
        parts.append(f"The two are of different cases: {listed}.")
    return parts


def _covered(alignment: Alignment) -> str:
    """How much of what was asked for was compared, where that is not all."""
    share = alignment.coverage.share
    failed = any(side.status == "failed" for side in alignment.sides.values())
    if share is None or share == 1 or failed:
        return ""
    asked = (
        f" that {alignment.coverage.asked!r} asks for" if alignment.coverage.asked not in ("", ALL) else ""
    )
    return f"Compared were {alignment.coverage.results()}{asked} ({percent(share)})."


def _dropout(alignment: Alignment) -> str:
    """How dropouts were treated, where there are any."""
    found = alignment.coverage.dropout
    parts = []
    if found.shared:
        parts.append(f"{_count(found.shared, 'random draw')} gave both sides the same numbers.")
    if found.off:
        parts.append(
            f"Dropout was switched off at {_some([gap.address for gap in found.off])} ({found.off[0].why})."
        )
    return " ".join(parts)


def _inner(alignment: Alignment) -> str:
    found = alignment.coverage.inner
    if not found:
        return ""
    count = _count(len(found), "inner difference")
    return f"{count}: {_some([gap.address for gap in found])} ({found[0].why})."


def _case_difference(item: CaseDifference) -> str:
    return f"{item.name} {item.reference} and {item.candidate}"


def _some(names: list[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
