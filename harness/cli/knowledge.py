"""`align knowledge scan`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness import process
from harness.cli import options, parse
from harness.cli.command_result import CommandResult

if TYPE_CHECKING:
    from rich.console import Console

    from harness.flows.knowledge_scan import KnowledgeScan

Python = Annotated[
    Path | None,
    typer.Option(
        "--python",
        metavar="PYTHON",
        help="An interpreter that has a Jittor. Default: that of the Jittor side.",
        parser=parse.parse_file,
        show_default=False,
    ),
]
Table = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE.json",
        help="Add what was found to this table of versions.",
        parser=parse.parse_json_out,
        show_default=False,
    ),
]

app = typer.Typer(help="What is known of the differences between the frameworks.")


@app.callback()
def knowledge() -> None:
    """What is known of the differences between the frameworks."""


@app.command()
def scan(python: Python = None, output: Table = None, as_json: options.Json = False) -> CommandResult:
    """Measure every fact of the knowledge base anew, with any version of Jittor.

    `align explain --op NAME` tells what is known of an operation, and in which versions.
    """
    from harness.flows import knowledge_scan as flow

    table = {} if output is None else flow.read_table(output)  # before some minutes are spent
    found = flow.scan_knowledge(python, lambda text: process.tell("knowledge", text))
    if output is not None:
        flow.write_table({**table, found.version: found.facts}, output)
    document: dict[str, object] = {
        "python": found.python,
        "version": found.version,
        "facts": dict(found.facts),
        "exit_code": 0,
    }
    return CommandResult(0, document, lambda console: _draw(found, console))


def _draw(found: KnowledgeScan, console: Console) -> None:
    from rich.text import Text

    from harness import knowledge as base
    from harness.text import printable

    names = {True: "so", False: "not so"}
    for name, fact in found.facts.items():
        said = names[fact] if isinstance(fact, bool) else f"not measured: {printable(fact)}"
        console.print(Text(f"{name}: ").append(said).append(f"  {base.entry(name).title}", style="dim"))
    so = sum(fact is True for fact in found.facts.values())
    unknown = sum(isinstance(fact, str) for fact in found.facts.values())
    rest = f", {unknown} could not be measured" if unknown else ""
    console.print(
        Text(f"Jittor {found.version}: {so} of {len(found.facts)} facts are so{rest}", style="bold")
    )
