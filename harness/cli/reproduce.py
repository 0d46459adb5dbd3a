"""`align reproduce`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli import asking, options, parse
from harness.cli.finding import written
from harness.cli.live import listening
from harness.cli.outcome import Outcome

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
) -> Outcome:
    """Write one layer that differs as a script for each framework and the tensors, for a bug report."""
    from harness.alignment import Alignment
    from harness.flows.reproduce import reproduce_layer

    typed = asking.typed(context.params)
    with listening() as listener:
        return written(reproduce_layer(Alignment.load(stored), address, output, listener, typed))
