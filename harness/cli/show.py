"""`align show`: a trace, an alignment or an evaluation, or a part of it."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli import options
from harness.cli.command_result import CommandResult
from harness.cli.results import aligned_or_not, is_evaluation
from harness.errors import BadInput

if TYPE_CHECKING:
    from rich.console import Console

    from harness.alignment import Alignment
    from harness.evaluating.result import Evaluation
    from harness.trace import Trace

_SHOWN = 8  # samples
_TYPES_FROM = 92  # columns; narrower terminals keep the room for the addresses


def show(
    stored: options.Anything, address: options.Address = None, as_json: options.Json = False
) -> CommandResult:
    """Show a trace (header, layers, statistics), an alignment, or what either holds at an address.

    Of an evaluation, show its metrics and samples, the worst first.
    """
    if is_evaluation(stored):
        from harness.evaluating.result import Evaluation

        return _evaluation(Evaluation.load(stored), address, stored)
    if stored.suffix == ".json":
        from harness.alignment import Alignment

        return _alignment(Alignment.load(stored), address, stored)
    from harness.trace import Trace

    with Trace.open(stored, allow_incomplete=True) as trace:
        return _trace(trace, address)


def _evaluation(found: Evaluation, wanted: str | None, stored: Path) -> CommandResult:
    from reports import evaluation as drawn

    if wanted is None:
        folder = str(stored.parent)
        return CommandResult(
            0,
            drawn.document(found, folder, drawn.MANY),
            lambda console: drawn.draw(found, console, folder, drawn.MANY),
        )
    names = _matching(wanted, [row.name for row in found.samples])
    rows = [row for row in found.samples if row.name in names]
    return CommandResult(
        0,
        {"samples": [asdict(row) for row in rows]},
        lambda console: drawn.draw_samples(found, rows, console),
    )


def _alignment(alignment: Alignment, address: str | None, stored: Path) -> CommandResult:
    if address is None:
        shown = aligned_or_not(alignment, str(stored.parent), stored)
        return CommandResult(0, shown.document, shown.prose)
    wanted = _matching(address, [row.address for row in alignment.rows])
    rows = [row for row in alignment.rows if row.address in wanted]

    def prose(console: Console) -> None:
        from reports.terminal import draw_row, draw_rows

        if len(rows) == 1:
            draw_row(rows[0], console)
        else:
            draw_rows(rows, console, whole=True)

    plain = alignment.to_dict()["rows"]
    return CommandResult(0, {"rows": [row for row in plain if row["address"] in wanted]}, prose)


def _trace(trace: Trace, address: str | None) -> CommandResult:
    wanted = _matching(address, trace.records) if address else set(trace.records)
    records = [_record(trace, name) for name in trace.records if name in wanted]
    header = {**trace.header, "complete": trace.complete, "compact": trace.compact}
    if len(records) == 1 and address:
        records[0]["samples"] = _samples(trace, records[0]["address"])
    return CommandResult(
        0, {"header": header, "records": records}, lambda console: _draw(header, records, console)
    )


def _record(trace: Trace, address: str) -> dict[str, Any]:
    record = trace.records[address]
    return {**asdict(record), "shape": list(record.shape), "stats": asdict(trace.stats(address))}


def _samples(trace: Trace, address: str) -> list[dict[str, Any]]:
    positions, values = trace.sample(address)
    pairs = zip(positions, values, strict=True)
    return [{"position": int(position), "value": value.item()} for position, value in pairs]


def _matching(wanted: str, addresses: Iterable[str]) -> set[str]:
    """The addresses meant: the one of that name, or those that a glob matches."""
    known = list(addresses)
    found = {wanted} & set(known) or set(fnmatch.filter(known, wanted))
    if not found:
        near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.3) or known[:3]
        raise BadInput(f"no address is or matches {wanted!r}; near it: {', '.join(near) or 'nothing'}")
    return found


def _draw(header: dict[str, Any], records: list[dict[str, Any]], console: Console) -> None:
    from harness.figures import scientific
    from harness.text import printable
    from reports.tables import Column, draw_whole
    from reports.words import count, size

    for name, value in header.items():
        console.print(f"{printable(name)}: {printable(value)}", style="dim")
    console.print()
    numbers = [
        Column(name, [scientific(record["stats"][name]) for record in records], number=True)
        for name in ("mean", "std", "absmax")
    ]
    address = Column("address", [record["address"] for record in records])
    columns = [
        Column("type", [record["type"] for record in records], style="dim", most=16),
        Column("shape", [size(record["shape"]) for record in records], style="dim", most=16),
        Column("dtype", [record["dtype"] for record in records], style="dim"),
        *numbers,
    ]
    if console.width < _TYPES_FROM:
        del columns[0], columns[1]
    draw_whole(console, address, columns)
    console.print(count(len(records), "tensor"), style="dim")
    for record in records:
        for sample in record.get("samples", [])[:_SHOWN]:
            console.print(f"  [{sample['position']}] {sample['value']!r}")
