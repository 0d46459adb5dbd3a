"""`align reproduce`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options, parse, request_from_flags
from harness.cli.command_result import CommandResult
from harness.cli.live import listening
from harness.errors import ALIGNED, INCONCLUSIVE
from harness.text import printable

if TYPE_CHECKING:
    from rich.console import Console

    from harness.flows.reproduce import Reproduced

Place = Annotated[str, typer.Argument(metavar="ADDRESS", help="What the layer returned: layer:PATH#0:out.")]
Folder = Annotated[
    Path,
    typer.Option(
        "--output", "-o", metavar="FOLDER", help="The folder to write.", parser=parse.parse_folder_out
    ),
]


def reproduce(
    context: typer.Context,
    stored: options.Stored,
    address: Place,
    output: Folder,
    model: options.OwnModel = None,
    weights: options.OwnWeights = None,
    timeout: options.Timeout = None,
    as_json: options.Json = False,
) -> CommandResult:
    """Write one layer that differs as a script for each framework and the tensors, for a bug report.

    Both scripts are run once. Exits with 0 if both run to their end, with 5 if one does not run as written.
    """
    from harness.alignment import Alignment
    from harness.flows.reproduce import reproduce_layer

    typed = request_from_flags.typed(context.params)
    with listening() as listener:
        found = reproduce_layer(Alignment.load(stored), address, output, listener, typed)
    exit_code = ALIGNED if found.sound else INCONCLUSIVE
    document = {
        "written": [str(path) for path in found.written],
        "runs": [{"script": str(run.script), "ran": run.ran, "said": list(run.said)} for run in found.runs],
        "exit_code": exit_code,
    }
    return CommandResult(exit_code, document, lambda console: _draw(found, console))


def _draw(found: Reproduced, console: Console) -> None:
    for path in found.written:
        console.print(printable(path), soft_wrap=True)
    for run in found.runs:
        name = run.script.name
        if run.ran:
            said = "; ".join(run.said)
            console.print(printable(f"{name} runs: {said}"), soft_wrap=True)
        else:
            console.print(printable(f"{name} does not run as written: {run.said[0]}"), soft_wrap=True)
