"""`align record`."""

from __future__ import annotations

import typer

from harness.cli import options, request_from_flags
from harness.cli.command_result import CommandResult
from harness.cli.live import listening
from harness.cli.results import written


def record(
    context: typer.Context,
    side: options.Side,
    model: options.Model,
    output: options.TraceOut,
    variant: options.Variant = None,
    option: options.Options = None,
    layers: options.Layers = None,
    weights: options.Weights = None,
    device: options.Device = None,
    dtype: options.Dtype = None,
    mode: options.Mode = None,
    seed: options.Seed = None,
    input_size: options.InputSize = None,
    batch: options.Batch = None,
    timeout: options.Timeout = None,
    keep: options.TraceKeep = None,
    force: options.Force = False,
    as_json: options.Json = False,
) -> CommandResult:
    """Run one side of a pair and record it into a trace, to compare it later or elsewhere."""
    from harness import flows

    request = request_from_flags.request(context.params, output=None)
    with listening() as listener:
        return written([flows.record(request, side, output, listener, replace=force)])
