"""`align explain`: why a port differs at its sources, or what is known of an operation."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
        metavar="[RUN]",
        help="An alignment.json, a training.jsonl, or the run folder with one of them.",
        parser=parse.parse_result,
        show_default=False,
    ),
]
Operation = Annotated[
    str | None,
    typer.Option("--op", metavar="NAME", help="Tell what is known of an operation; `all` lists everything."),
]
OwnData = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="FOLDER",
        help="The data set of a training, if it was not synthetic: no path in a file is read.",
        parser=parse.parse_folder,
        show_default=False,
    ),
]


def explain(
    context: typer.Context,
    stored: Stored = None,
    address: options.Address = None,
    op: Operation = None,
    model: options.OwnModel = None,
    weights: options.OwnWeights = None,
    data: OwnData = None,
    timeout: options.Timeout = None,
    as_json: options.Json = False,
) -> CommandResult:
    """Find out why a port differs: try hypotheses on the reference until one gives what the port gives.

    Runs the case of an alignment again. Of a training, the first wrong step is explained; it is taken again
    if its log does not name the cause. --op runs nothing.
    """
    if op is not None:
        return _known(op)
    if stored is None:
        raise BadInput(
            "align explain needs an alignment.json, a training.jsonl or their folder, or --op NAME"
        )
    from harness.training.log import NAME

    if stored.name == NAME:
        return _of_training(stored, context.params)
    if data is not None:
        raise BadInput("--data is for trainings: an alignment has its inputs from the seed; leave it out")
    from harness.alignment import Alignment
    from harness.flows.explain import explain_stored, keep_causes

    known = Alignment.load(stored)
    with listening() as listener:
        alignment = explain_stored(known, address, listener, request_from_flags.typed(context.params))
    keep_causes(known, alignment, stored)
    return _caused(alignment)


def _of_training(stored: Path, given: dict[str, Any]) -> CommandResult:
    from harness import json_codec
    from harness.flows.explain_training import explain_training

    for name in ("address", "timeout"):
        if given[name] is not None:
            raise BadInput(f"--{name} is for alignments; a log says itself what was trained: leave it out")
    with listening() as listener:
        named = {name: given[name] for name in ("model", "weights", "data")}
        found = explain_training(stored, listener, **named)
    document = {
        "sentence": found.sentence,
        "cause": found.cause,
        "forced": None if found.forced is None else json_codec.to_plain(found.forced),
        "repeated": found.repeated,
        "exit_code": 0,
    }

    def prose(console: Console) -> None:
        from rich.text import Text

        from harness.text import printable

        console.print(Text(printable(found.sentence)))

    return CommandResult(0, document, prose)


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
    from harness import knowledge

    for name, text in (
        ("about", ", ".join(item.operations)),
        ("kind", item.kind),
        ("jittor", item.does),
        ("measured", item.measured),
        ("versions", knowledge.words(item.id)),
        ("instead", item.instead),
        ("issue", item.issue),
    ):
        if text:
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
