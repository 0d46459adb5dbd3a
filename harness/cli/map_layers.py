"""`align map`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from harness.cli import options, request_from_flags
from harness.cli.command_result import CommandResult
from harness.cli.live import listening

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from harness.layer_pairing import Pairs


def map_layers(
    context: typer.Context,
    model: options.ModelOrClasses = None,
    torch: options.TorchClass = None,
    jittor: options.JittorClass = None,
    inputs: options.Inputs = None,
    arguments: options.Arguments = None,
    layer_map: options.Map = None,
    variant: options.Variant = None,
    option: options.Options = None,
    device: options.Device = None,
    timeout: options.Timeout = None,
    output: options.MapOut = None,
    force: options.Force = False,
    as_json: options.Json = False,
) -> CommandResult:
    """Pair the layers of the two models where their names differ, and write that down to be looked at.

    Nothing is applied: a comparison takes the file with --map, or as layer_map of a declaration.
    """
    from harness.flows import map_layers as flow

    given = {name: value for name, value in (("device", device), ("timeout", timeout)) if value is not None}
    named, chosen = request_from_flags.model(context.params), request_from_flags.variant(context.params)
    with listening() as listener:
        found = flow.map_layers(named, chosen, listener, **given)  # type: ignore[arg-type]
    kept = flow.keep(found, output, overwrite=force) if output else None
    document: dict[str, object] = {
        **asdict(found),
        "unchecked": found.unchecked,
        "written": str(kept or ""),
        "exit_code": 0,
    }
    return CommandResult(0, document, lambda console: _draw(found, kept, console))


def _draw(found: Pairs, kept: Path | None, console: Console) -> None:
    from harness.text import printable
    from reports.tables import Column, draw_whole

    rules = [*found.rules.layers, *found.rules.parameters]
    if rules:
        columns = [
            Column("port", [rule.port for rule in rules], most=60),
            Column("sure", [f"{rule.confidence:.2f}" for rule in rules], number=True),
            Column("why", [rule.why for rule in rules], elastic=True, most=80),
        ]
        draw_whole(console, Column("reference", [rule.reference for rule in rules], most=60), columns)
    for side, paths in (("the reference", found.reference_alone), ("the port", found.port_alone)):
        if paths:
            console.print(printable(f"in {side} alone: {', '.join(paths)}"), soft_wrap=True)
    console.print(f"{found.same} layers have one name on both sides, {len(found.rules.layers)} were paired.")
    if kept and found.unchecked:
        what_to_do = 'look at each, and write "checked": true, there or at the top'
        console.print(printable(f"{found.unchecked} of {kept} are guesses: {what_to_do}"), soft_wrap=True)
    elif kept:
        console.print(printable(f"{kept} can be given with --map"), soft_wrap=True)
