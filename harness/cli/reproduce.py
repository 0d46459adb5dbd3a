"""`align reproduce`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli import options, parse, request_from_flags
from harness.cli.command_result import CommandResult
from harness.cli.live import listening
from harness.cli.results import written

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
    """Write one layer that differs as a script for each framework and the tensors, for a bug report."""
    from harness.alignment import Alignment
    from harness.flows.reproduce import reproduce_layer

    typed = request_from_flags.typed(context.params)
    with listening() as listener:
        return written(reproduce_layer(Alignment.load(stored), address, output, listener, typed))
