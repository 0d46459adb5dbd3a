"""`align record`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from harness.cli import options, request_from_flags
from harness.cli.command_result import CommandResult
from harness.cli.live import listening
from harness.cli.results import written

if TYPE_CHECKING:
    from rich.console import Console

    from harness.flows.kept_trace import RecordedTrace


def record(
    context: typer.Context,
    side: options.Side,
    output: options.TraceOut,
    model: options.ModelOrClasses = None,
    torch: options.TorchClass = None,
    jittor: options.JittorClass = None,
    inputs: options.Inputs = None,
    arguments: options.Arguments = None,
    layer_map: options.Map = None,
    variant: options.Variant = None,
    option: options.Options = None,
    layers: options.Layers = None,
    weights: options.Weights = None,
    device: options.Device = None,
    dtype: options.Dtype = None,
    mode: options.Mode = None,
    dropout: options.Dropout = None,
    seed: options.Seed = None,
    input_size: options.InputSize = None,
    batch: options.Batch = None,
    timeout: options.Timeout = None,
    keep: options.TraceKeep = None,
    no_truth: options.NoTruth = False,
    force: options.Force = False,
    as_json: options.Json = False,
) -> CommandResult:
    """Run one side of a pair and record it into a trace, to compare it later or elsewhere.

    The reference's trace carries its float64 run and its noise, by which `align diff` judges.
    """
    from harness import flows

    request = request_from_flags.request(context.params, output=None)
    with listening() as listener:
        recorded = flows.record(request, side, output, listener, replace=force, truth=not no_truth)
    return _written(recorded)


def _written(recorded: RecordedTrace) -> CommandResult:
    """The file, and whether a noise policy has what it needs in it."""
    found = written([recorded.path])

    def prose(console: Console) -> None:
        found.prose(console)
        console.print(f"float64 truth: {recorded.truth}", soft_wrap=True)

    return CommandResult(0, {**found.document, "truth": recorded.truth}, prose)
