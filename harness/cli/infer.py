"""`align infer`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from harness.cli import options, parse
from harness.cli.command_result import CommandResult
from harness.cli.evaluate import PortWeights, SkipBroken, result
from harness.cli.live import listening

Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...",
        help="Images or RAW files; for cpanet the supports, each with its mask, then the queries.",
        parser=parse.parse_file,
        show_default=False,
    ),
]


def infer(
    context: typer.Context,
    paths: Files,
    model: options.Model,
    variant: options.Variant = None,
    weights: options.Weights = None,
    port_weights: PortWeights = None,
    input_size: options.InputSize = None,
    seed: options.Seed = None,
    device: options.Device = None,
    timeout: options.Timeout = None,
    skip_broken: SkipBroken = False,
    output: options.RunFolder = None,
    as_json: options.Json = False,
) -> CommandResult:
    """Let both sides go over files of yours; write what each made of them, and judge every file.

    Masks are written as PNG and .mat, boxes as JSON and as YOLO's text, raw planes as .npy and PNG.
    """
    from harness.flows.infer import infer as flow

    with listening() as listener:
        found, folder = flow(_request(context.params), paths, listener)
    return result(found, folder, skip_broken)


def _request(given: dict[str, Any]) -> Any:
    from harness.flows.evaluate_request import EvaluateRequest

    names = (
        "model",
        "variant",
        "weights",
        "port_weights",
        "seed",
        "device",
        "timeout",
        "skip_broken",
        "output",
    )
    values = {name: given[name] for name in names if given[name] is not None}
    return EvaluateRequest(**values, input_size=parse.size(given["input_size"]))
