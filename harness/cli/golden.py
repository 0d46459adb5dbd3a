"""`align golden record` and `align golden verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from harness.cli import options, request_from_flags
from harness.cli.command_result import CommandResult
from harness.cli.live import listening
from harness.cli.results import written
from harness.errors import ALIGNED, DIVERGED, INCONCLUSIVE, WORKER_LOST, BadInput
from harness.own_name import command

if TYPE_CHECKING:
    from rich.console import Console

    from harness.alignment import Alignment

_GRAVEST_FIRST = (WORKER_LOST, DIVERGED, INCONCLUSIVE, ALIGNED)

app = typer.Typer(help="Small traces of the references, to check ports without PyTorch.")


@app.command()
def record(
    context: typer.Context,
    model: options.Model,
    variant: options.EveryVariant = None,
    mode: options.Modes = None,
    device: options.Device = None,
    seed: options.Seed = None,
    input_size: options.InputSize = None,
    batch: options.Batch = None,
    timeout: options.Timeout = None,
    output: options.GoldenFolder = None,
    force: options.Force = False,
    as_json: options.Json = False,
) -> CommandResult:
    """Record goldens from the reference and pin their digests."""
    from harness import flows

    request = request_from_flags.request(context.params, mode=None, output=None)
    chosen = request_from_flags.modes(mode, ("eval", "train"))
    folder = {} if output is None else {"folder": output}
    with listening() as listener:
        return written(flows.golden_record(request, chosen, listener, **folder, replace=force))


@app.command()
def verify(
    context: typer.Context,
    model: options.AnyModel = None,
    variant: options.EveryVariant = None,
    mode: options.Modes = None,
    device: options.Device = None,
    timeout: options.Timeout = None,
    policy: options.Policy = None,
    rtol: options.Rtol = None,
    atol: options.Atol = None,
    as_json: options.Json = False,
) -> CommandResult:
    """Run the references anew and hold them against their goldens."""
    import golden
    from harness import flows, pairs
    from harness.pairs.base import MODES

    models = [model] if model else [name for name in pairs.names() if golden.names(name)]
    found: dict[str, Alignment] = {}
    with listening() as listener:
        for name in models:
            request = request_from_flags.request(context.params, model=name, mode=None)
            verified = flows.golden_verify(request, request_from_flags.modes(mode, MODES), listener)
            found |= {f"{name} {golden_name}": alignment for golden_name, alignment in verified.items()}
    if not found:
        raise BadInput(f"there is no golden to verify; record one with `{command('golden record')}`")
    return _verified(found)


def _verified(found: dict[str, Alignment]) -> CommandResult:
    exit_code = min((alignment.exit_code for alignment in found.values()), key=_GRAVEST_FIRST.index)
    goldens: dict[str, object] = {
        name: {"verdict": alignment.verdict, "sentence": alignment.sentence}
        for name, alignment in found.items()
    }

    def prose(console: Console) -> None:
        from reports.terminal import draw_sentence

        for name, alignment in found.items():
            draw_sentence(alignment, console, name)

    return CommandResult(exit_code, {"goldens": goldens, "exit_code": exit_code}, prose)
