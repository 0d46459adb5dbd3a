"""`align explain`: why a port differs at its sources, or what is known of an operation."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options, parse, request_from_flags
from harness.cli.command_result import CommandResult
from harness.cli.live import listening
from harness.errors import BadInput

if TYPE_CHECKING:
    from rich.console import Console

    from harness.alignment import Alignment
    from harness.knowledge import Entry

Stored = Annotated[
    Path | None,
    typer.Argument(
        metavar="[ALIGNMENT]",
        help="An alignment.json, or the run folder with it.",
        parser=parse.parse_stored,
        show_default=False,
    ),
]
Operation = Annotated[
    str | None,
    typer.Option("--op", metavar="NAME", help="Tell what is known of an operation; `all` lists everything."),
]


def explain(
    context: typer.Context,
    stored: Stored = None,
    address: options.Address = None,
    op: Operation = None,
    model: options.OwnModel = None,
    weights: options.OwnWeights = None,
    timeout: options.Timeout = None,
    as_json: options.Json = False,
) -> CommandResult:
    """Find out why a port differs: try hypotheses on the reference until one gives what the port gives.

    Runs the case of ALIGNMENT again; --op runs nothing.
    """
    if op is not None:
        return _known(op)
    if stored is None:
        raise BadInput("align explain needs an alignment.json or a run folder, or --op NAME")
    from harness.alignment import Alignment
    from harness.flows.explain import explain_stored

    with listening() as listener:
        alignment = explain_stored(
            Alignment.load(stored), address, listener, request_from_flags.typed(context.params)
        )
    return _caused(alignment)


def _known(op: str) -> CommandResult:
    from harness import knowledge

    found = list(knowledge.entries().values()) if op == "all" else knowledge.search(op)

    def prose(console: Console) -> None:
        for item in found:
            _draw_entry(item, console, brief=op == "all")

    return CommandResult(0, {"entries": [asdict(item) for item in found], "exit_code": 0}, prose)


def _draw_entry(item: Entry, console: Console, brief: bool) -> None:
    from rich.text import Text

    console.print(Text(item.id, style="bold").append(f"  {item.title}", style="default"))
    if brief:
        return
    for name, text in (
        ("about", ", ".join(item.operations)),
        ("jittor", item.does),
        ("measured", f"{item.measured} (Jittor {item.since})"),
        ("instead", item.instead),
    ):
        console.print(Text(f"  {name}: ", style="dim").append(text, style="default"))


def _caused(alignment: Alignment) -> CommandResult:
    from harness import json_codec

    sources: list[dict[str, object]] = [asdict(source) for source in alignment.sources]
    document = {
        "sentence": alignment.sentence,
        "sources": sources,
        "isolated": json_codec.to_plain(alignment.isolated),
        "exit_code": 0,
    }

    def prose(console: Console) -> None:
        from reports.terminal import draw_sources

        draw_sources(alignment, console)

    return CommandResult(0, document, prose)
