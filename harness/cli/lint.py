"""`align lint`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from harness.cli import options, request_from_flags
from harness.cli.command_result import CommandResult
from harness.cli.live import listening
from harness.errors import ALIGNED, DIVERGED
from harness.own_name import command

if TYPE_CHECKING:
    from rich.console import Console

    from harness.flows.lint import Linted


def lint(
    context: typer.Context,
    model: options.Model,
    variant: options.Variant = None,
    option: options.Options = None,
    device: options.Device = None,
    timeout: options.Timeout = None,
    as_json: options.Json = False,
) -> CommandResult:
    """Tell what differs between the two models before anything runs: layers, weights, attributes.

    Exits with 0 if nothing differs that changes the result, else with 1.
    """
    from harness.flows.lint import lint as run

    given = {name: value for name, value in (("device", device), ("timeout", timeout)) if value is not None}
    with listening() as listener:
        found = run(model, request_from_flags.variant(context.params), listener, **given)  # type: ignore[arg-type]
    exit_code = DIVERGED if found.wrong else ALIGNED
    document = {
        "pair": found.pair,
        "variant": found.variant,
        "sentence": found.sentence,
        "findings": [finding.to_dict() for finding in found.findings],
        "seconds": found.seconds,
        "exit_code": exit_code,
    }
    return CommandResult(exit_code, document, lambda console: _draw(found, console))


def _draw(found: Linted, console: Console) -> None:
    from rich.text import Text

    from harness.lint import facts
    from harness.text import printable

    for fact in facts(found.findings):
        mark, style = ("✘", "red") if fact.first.wrong else ("·", "dim")
        console.print(Text(f"{mark} ", style=style).append(printable(fact.text), style="default"))
        if fact.first.entry:
            console.print(Text(f"  {command(f'explain --op {fact.first.entry}')}", style="dim"))
    console.print(Text(found.sentence, style="bold"))
    took = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in found.seconds.items())
    console.print(Text(took, style="dim"))
