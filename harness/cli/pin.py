"""`align pin verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from harness.assignment import assignment
from harness.cli import options, request_from_flags
from harness.cli.command_result import CommandResult
from harness.cli.live import listening
from harness.text import printable

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(help="The upstream code that each reference is pinned to.")


@app.callback()
def pin() -> None:
    """The upstream code that each reference is pinned to."""


@app.command()
def verify(
    context: typer.Context,
    model: options.Model,
    upstream: options.Upstream,
    variant: options.Variant = None,
    entry: options.Entry = None,
    option: options.EntryOptions = None,
    mode: options.Mode = None,
    layers: options.Layers = None,
    device: options.Device = None,
    seed: options.Seed = None,
    input_size: options.InputSize = None,
    batch: options.Batch = None,
    timeout: options.Timeout = None,
    as_json: options.Json = False,
) -> CommandResult:
    """Run the upstream's own network and the reference on the same weights and inputs, and compare."""
    from harness import flows

    request = request_from_flags.request(context.params, variant=variant)
    with listening() as listener:
        found = flows.pin_verify(request, upstream, listener, entry, dict(map(assignment, option or [])))
    alignment = found.alignment
    document = {
        "entry": found.entry,
        "warnings": found.warnings,
        "alignment": alignment.to_dict(),
        "exit_code": alignment.exit_code,
    }

    def prose(console: Console) -> None:
        from reports.terminal import draw

        for warning in found.warnings:
            console.print(printable(f"warning: {warning}"), style="yellow")
        console.print(printable(f"upstream: {found.entry}"))
        draw(alignment, console)

    return CommandResult(alignment.exit_code, document, prose)
