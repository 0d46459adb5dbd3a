"""`align compare`."""

from __future__ import annotations

from pathlib import Path

import typer

from harness import choices
from harness.cli import options, request_from_flags
from harness.cli.command_result import CommandResult
from harness.cli.live import listening
from harness.cli.results import aligned_or_not


def compare(
    context: typer.Context,
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
    mode: options.ModeOrStep = None,
    dropout: options.Dropout = None,
    seed: options.Seed = None,
    input_size: options.InputSize = None,
    batch: options.Batch = None,
    reference: options.Reference = None,
    timeout: options.Timeout = None,
    policy: options.Policy = None,
    rtol: options.Rtol = None,
    atol: options.Atol = None,
    judge: options.Judge = None,
    min_coverage: options.MinCoverage = None,
    isolated: options.Isolated = None,
    keep: options.Keep = None,
    output: options.RunFolder = None,
    as_json: options.Json = False,
) -> CommandResult:
    """Run both sides of a pair, compare every layer, and tell where they first part.

    Exits with 0 if aligned, 1 if diverged, 4 if a side died.
    """
    from harness import flows

    if mode == choices.STEP:
        return _steps(context, output)
    request = request_from_flags.request(context.params)
    with listening() as listener:
        alignment = flows.compare(request, listener)
    return aligned_or_not(
        alignment, listener.folder or str(output or ""), model=request.model, weights=request.weights
    )


def _steps(context: typer.Context, output: Path | None) -> CommandResult:
    from harness.flows.compare_steps import compare_steps

    request = request_from_flags.step_request(context)
    with listening() as listener:
        alignment = compare_steps(request, listener)
    return aligned_or_not(
        alignment, listener.folder or str(output or ""), model=request.model, weights=request.weights
    )
